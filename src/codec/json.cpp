#include "codec/json.hpp"

#include "base/utf8.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace sluice::codec {
namespace {

namespace bj = boost::json;

std::unexpected<Error> invalid(std::size_t offset, std::string_view why) {
  return fail(Code::invalid, fmt::format("json: byte {}: {}", offset, why));
}

// Builds our values straight from the parser's events, so that no second tree is made.
// Boost.JSON 1.81 computes floating-point numbers with an error in the last place; their text is
// converted here.
class Builder {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  Json take() { return std::move(root_); }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_array_begin(bj::error_code&) { return open(false); }
  bool on_array_end(std::size_t, bj::error_code&) { return close(); }
  bool on_object_begin(bj::error_code&) { return open(true); }
  bool on_object_end(std::size_t, bj::error_code&) { return close(); }

  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) { return collect(part); }
  bool on_key(bj::string_view part, std::size_t, bj::error_code&) {
    collect(part);
    open_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) { return collect(part); }
  bool on_string(bj::string_view part, std::size_t, bj::error_code&) {
    collect(part);
    return add(std::exchange(text_, {}));
  }
  bool on_number_part(bj::string_view part, bj::error_code&) { return collect(part); }
  bool on_int64(std::int64_t value, bj::string_view, bj::error_code&) {
    text_.clear();
    return add(value);
  }
  bool on_uint64(std::uint64_t value, bj::string_view, bj::error_code&) {
    text_.clear();
    return add(static_cast<double>(value));  // past 2^63
  }
  bool on_double(double value, bj::string_view part, bj::error_code&) {
    collect(part);
    const char* end = text_.data() + text_.size();
    double exact = 0;
    const auto [at, error] = std::from_chars(text_.data(), end, exact);
    if (error == std::errc{} && at == end) value = exact;
    text_.clear();
    return add(value);
  }
  bool on_bool(bool value, bj::error_code&) { return add(value); }
  bool on_null(bj::error_code&) { return add(Json()); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  // An array or an object that is not complete yet.
  struct Level {
    bool is_object = false;
    JsonArray items;
    JsonObject members;
    std::string key;  // of the member that comes next
  };

  bool collect(bj::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool open(bool is_object) {
    open_.emplace_back().is_object = is_object;
    return true;
  }
  bool close() {
    Level done = std::move(open_.back());
    open_.pop_back();
    return done.is_object ? add(std::move(done.members)) : add(std::move(done.items));
  }
  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Level& level = open_.back(); level.is_object) {
      level.members.emplace_back(std::exchange(level.key, {}), std::move(value));
    } else {
      level.items.push_back(std::move(value));
    }
    return true;
  }

  Json root_;
  std::vector<Level> open_;
  std::string text_;
};

void write_text(std::string_view text, std::string& out) {
  static constexpr std::string_view k_hex = "0123456789abcdef";
  out.push_back('"');
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(text.front());
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20) {
      out += "\\u00";
      out.push_back(k_hex[c >> 4U]);
      out.push_back(k_hex[c & 15U]);
    } else if (length = utf8_length(text); length > 0) {
      out += text.substr(0, length);
    } else {
      out += "\xef\xbf\xbd";  // U+FFFD: what is written can always be read
      length = 1;
    }
    text.remove_prefix(length);
  }
  out.push_back('"');
}

void write_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";  // JSON has no other word for it
    return;
  }
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += digits;
  // It must be read back as a double, not as an integer.
  if (error == std::errc{} && digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// Writes one value; `step` spaces a level, or all in one line when it is 0.
class Writer {
 public:
  Writer(std::string& out, std::size_t step) : out_(out), step_(step) {}

  void write(const Json& json) {
    if (const bool* flag = json.as_bool()) {
      out_ += *flag ? "true" : "false";
    } else if (const std::int64_t* number = json.as_int()) {
      fmt::format_to(std::back_inserter(out_), "{}", *number);
    } else if (const double* real = json.as_double()) {
      write_double(*real, out_);
    } else if (const std::string* text = json.as_string()) {
      write_text(*text, out_);
    } else if (const JsonArray* array = json.as_array()) {
      write_list(*array, '[', ']', [this](const Json& item) { write(item); });
    } else if (const JsonObject* object = json.as_object()) {
      write_list(*object, '{', '}', [this](const JsonObject::value_type& member) {
        write_text(member.first, out_);
        out_ += step_ == 0 ? ":" : ": ";
        write(member.second);
      });
    } else {
      out_ += "null";
    }
  }

 private:
  template <class List, class Write>
  void write_list(const List& list, char first, char last, Write write_item) {
    out_.push_back(first);
    ++depth_;
    bool comma = false;
    for (const auto& item : list) {
      if (comma) out_.push_back(',');
      comma = true;
      start_line();
      write_item(item);
    }
    --depth_;
    if (!list.empty()) start_line();
    out_.push_back(last);
  }
  void start_line() {
    if (step_ == 0) return;
    out_.push_back('\n');
    out_.append(step_ * depth_, ' ');
  }

  std::string& out_;
  std::size_t step_;
  std::size_t depth_ = 0;
};

}  // namespace

const Json* Json::find(std::string_view name) const {
  const JsonObject* object = as_object();
  if (object == nullptr) return nullptr;
  for (auto at = object->rbegin(); at != object->rend(); ++at) {
    if (at->first == name) return &at->second;
  }
  return nullptr;
}

std::string Json::text_or(std::string_view name, std::string_view fallback) const {
  const Json* member = find(name);
  const std::string* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string(fallback) : *text;
}

std::int64_t Json::int_or(std::string_view name, std::int64_t fallback) const {
  const Json* member = find(name);
  const std::int64_t* number = member == nullptr ? nullptr : member->as_int();
  return number == nullptr ? fallback : *number;
}

bool Json::bool_or(std::string_view name, bool fallback) const {
  const Json* member = find(name);
  const bool* flag = member == nullptr ? nullptr : member->as_bool();
  return flag == nullptr ? fallback : *flag;
}

std::string Json::dump() const {
  std::string out;
  Writer(out, 0).write(*this);
  return out;
}

std::string Json::dump_pretty() const {
  std::string out;
  Writer(out, 2).write(*this);
  out.push_back('\n');
  return out;
}

Result<Json> parse_json(std::string_view text) {
  if (text.size() > k_json_size_max) {
    return fail(Code::exhausted,
                fmt::format("json: {} bytes, more than {}", text.size(), k_json_size_max));
  }
  try {
    bj::parse_options options;
    options.max_depth = k_json_depth_max;
    bj::basic_parser<Builder> parser(options);
    bj::error_code error;
    const std::size_t end = parser.write_some(false, text.data(), text.size(), error);
    if (error) return invalid(end, error.message());
    const auto more = text.find_first_not_of(" \t\r\n", end);
    if (more != std::string_view::npos) return invalid(more, "text behind the value");
    if (!parser.done()) return invalid(text.size(), "ends too early");
    return parser.handler().take();
  } catch (const std::exception& exception) {
    return fail(Code::invalid, fmt::format("json: {}", exception.what()));
  }
}

std::string json_quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  write_text(text, out);
  return out;
}

}  // namespace sluice::codec
