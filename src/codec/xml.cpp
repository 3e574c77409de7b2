#include "codec/xml.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace sluice::codec {

namespace {

constexpr std::size_t k_entity_size_max = 10;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// UTF-8 of a code point; nothing for one that no text may hold.
std::optional<std::string> utf8_of(unsigned code) {
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return std::nullopt;
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80U | ((code >> shift) & 0x3fU));
  };
  if (code < 0x80) return std::string{static_cast<char>(code)};
  if (code < 0x800) return std::string{static_cast<char>(0xc0U | (code >> 6U)), tail(0)};
  if (code < 0x10000)
    return std::string{static_cast<char>(0xe0U | (code >> 12U)), tail(6), tail(0)};
  return std::string{static_cast<char>(0xf0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

std::optional<unsigned> number_of(std::string_view digits) {
  const bool is_hex = digits.starts_with('x');
  if (is_hex) digits.remove_prefix(1);
  unsigned value = 0;
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value, is_hex ? 16 : 10);
  if (error != std::errc{} || at != end || digits.empty()) return std::nullopt;
  return value;
}

std::optional<std::string> entity(std::string_view name) {
  if (name == "amp") return "&";
  if (name == "lt") return "<";
  if (name == "gt") return ">";
  if (name == "quot") return "\"";
  if (name == "apos") return "'";
  if (!name.starts_with('#')) return std::nullopt;
  const auto code = number_of(name.substr(1));
  return code ? utf8_of(*code) : std::nullopt;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<XmlElement> run() {
    while (at_ < text_.size()) {
      if (text_[at_] == '<') {
        TRY(read_markup());
      } else {
        TRY(read_text());
      }
    }
    if (!open_.empty()) return bad("an element is not closed");
    if (!root_) return bad("there is no element");
    return std::move(*root_);
  }

 private:
  std::unexpected<Error> bad(std::string_view why) const {
    return fail(Code::invalid, fmt::format("xml: byte {}: {}", at_, why));
  }

  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  Result<void> skip_past(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) return bad("it ends too early");
    at_ = found + end.size();
    return {};
  }

  Result<void> read_markup() {
    if (starts("<?")) return skip_past("?>");
    if (starts("<!--")) return skip_past("-->");
    if (starts("<![CDATA[")) return read_cdata();
    if (starts("<!")) return bad("document types are not read");
    if (starts("</")) return close();
    return open();
  }

  Result<void> read_cdata() {
    constexpr std::size_t k_head = 9;
    const std::size_t begin = at_ + k_head;
    if (open_.empty()) return bad("text outside of the element");
    at_ = begin;
    TRY(skip_past("]]>"));
    open_.back().text += text_.substr(begin, at_ - 3 - begin);
    return {};
  }

  Result<void> read_text() {
    const std::size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view raw = text_.substr(at_, end - at_);
    if (open_.empty()) {
      if (!trim(raw).empty() && raw != "\xef\xbb\xbf") return bad("text outside of the element");
      at_ = end;
      return {};
    }
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '&') {
        open_.back().text += raw[i];
        continue;
      }
      const std::size_t semicolon = raw.find(';', i);
      if (semicolon == std::string_view::npos || semicolon - i > k_entity_size_max) {
        return bad("a '&' without an entity");
      }
      const auto meant = entity(raw.substr(i + 1, semicolon - i - 1));
      if (!meant) return bad("an entity that is not known");
      open_.back().text += *meant;
      i = semicolon;
    }
    at_ = end;
    return {};
  }

  // A name without its prefix.
  Result<std::string> read_name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) &&
           std::string_view("/><=&'\"").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    const std::string_view name = text_.substr(begin, at_ - begin);
    const std::size_t colon = name.rfind(':');
    const std::string_view local = colon == std::string_view::npos ? name : name.substr(colon + 1);
    if (local.empty()) return bad("a name is missing");
    return std::string(local);
  }

  // Attributes are passed over, quotes respected. True when the element has no content.
  Result<bool> read_rest_of_tag() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '>') {
        ++at_;
        return false;
      }
      if (starts("/>")) {
        at_ += 2;
        return true;
      }
      if (c == '<') return bad("a '<' inside of a tag");
      ++at_;
      if (c == '"' || c == '\'') TRY(skip_past(std::string_view(&c, 1)));
    }
    return bad("a tag is not closed");
  }

  Result<void> open() {
    if (root_) return bad("a second element");
    if (open_.size() == k_xml_depth_max || ++elements_ > k_xml_elements_max) {
      return fail(Code::exhausted, "xml: more elements than an answer may have");
    }
    ++at_;
    XmlElement element;
    TRY_ASSIGN(element.name, read_name());
    TRY_ASSIGN(const bool is_empty, read_rest_of_tag());
    open_.push_back(std::move(element));
    if (is_empty) end_element();
    return {};
  }

  Result<void> close() {
    at_ += 2;
    TRY_ASSIGN(const std::string name, read_name());
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    if (!starts(">")) return bad("a tag is not closed");
    ++at_;
    if (open_.empty() || open_.back().name != name) return bad("a tag that closes nothing");
    end_element();
    return {};
  }

  void end_element() {
    XmlElement element = std::move(open_.back());
    open_.pop_back();
    element.text = std::string(trim(element.text));
    if (open_.empty()) {
      root_ = std::move(element);
    } else {
      open_.back().children.push_back(std::move(element));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
  std::vector<XmlElement> open_;
  std::optional<XmlElement> root_;
};

}  // namespace

const XmlElement* XmlElement::find(std::string_view child) const {
  for (const XmlElement& each : children) {
    if (each.name == child) return &each;
  }
  return nullptr;
}

std::string XmlElement::text_of(std::string_view child) const {
  const XmlElement* found = find(child);
  return found == nullptr ? "" : found->text;
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > k_xml_size_max) return fail(Code::exhausted, "xml: the text is too long");
  return Parser(text).run();
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace sluice::codec
