#include "gotool/cacheprog.hpp"

#include "base/rfc3339.hpp"
#include "base/strings.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::size_t k_body_piece_text = std::size_t{64} << 10U;  // base64 decoded at a time
constexpr std::size_t k_body_piece = k_body_piece_text / 4 * 3;
constexpr std::size_t k_id_text = 44;  // base64 of 32 bytes

bool is_blank(char c) { return c == '\n' || c == ' ' || c == '\r' || c == '\t'; }

std::size_t leading_blanks(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_blank(text[count])) ++count;
  return count;
}

// Reads the text from the left; every step says whether the text went on as expected.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool skip(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  template <class Number>
  bool number(Number& value) {
    const char* end = text_.data() + text_.size();
    const auto [at, error] = std::from_chars(text_.data(), end, value);
    if (error != std::errc{}) return false;
    text_.remove_prefix(static_cast<std::size_t>(at - text_.data()));
    return true;
  }

  template <class Name>
  bool id(Name& name) {
    if (text_.size() < k_id_text) return false;
    if (!codec::base64_decode_exact(text_.substr(0, k_id_text), name.bytes)) return false;
    text_.remove_prefix(k_id_text);
    return skip("\"");
  }

  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

// The request exactly as Go's encoder writes it; false for anything else, which parse_any() reads.
bool parse_exact(std::string_view text, Request& request) {
  Cursor at(text);
  if (!at.skip("{\"ID\":") || !at.number(request.id) || !at.skip(",\"Command\":\"")) return false;
  if (at.skip("get\",\"ActionID\":\"")) {
    request.command = Request::Command::get;
    request.has_action = at.id(request.action);
    return request.has_action && at.skip("}") && at.at_end();
  }
  if (at.skip("put\",\"ActionID\":\"")) {
    request.command = Request::Command::put;
    request.has_action = at.id(request.action);
    request.has_output = at.skip(",\"OutputID\":\"") && at.id(request.output);
    if (!request.has_action || !request.has_output) return false;
    if (at.skip(",\"BodySize\":") && !at.number(request.body_size)) return false;
    return at.skip("}") && at.at_end();
  }
  request.command = Request::Command::close;
  return at.skip("close\"}") && at.at_end();
}

template <class Name>
bool take_id(const codec::Json& value, Name& name) {
  const std::string* text = value.as_string();
  if (text == nullptr) return false;
  return text->size() == k_id_text && codec::base64_decode_exact(*text, name.bytes);
}

// One member of a request that Go's decoder would understand; false when its type is wrong.
bool take_member(std::string_view name, const codec::Json& value, Request& request) {
  const std::string folded = to_lower(name);  // Go matches field names without regard to case
  if (folded == "id") {
    if (value.as_int() == nullptr) return false;
    request.id = *value.as_int();
  } else if (folded == "command") {
    if (value.as_string() == nullptr) return false;
    request.command_name = *value.as_string();
  } else if (folded == "actionid") {
    request.has_action = take_id(value, request.action);
  } else if (folded == "outputid") {
    request.has_output = take_id(value, request.output);
  } else if (folded == "objectid") {
    // The name of OutputID in the experiments of Go 1.21 to 1.23; Go 1.24 may send both.
    BlobId output;
    if (!request.has_output && take_id(value, output)) {
      request.has_output = true;
      request.output = output;
    }
  } else if (folded == "bodysize") {
    if (value.as_int() == nullptr || *value.as_int() < 0) return false;
    request.body_size = static_cast<std::uint64_t>(*value.as_int());
  }
  return true;
}

std::optional<std::string> parse_any(std::string_view text, Request& request) {
  const auto parsed = codec::parse_json(text);
  if (!parsed) return "request is no JSON: " + parsed.error().message;
  const codec::JsonObject* object = parsed->as_object();
  if (object == nullptr) return "request is no JSON object";
  bool has_id = false;
  for (const auto& [name, value] : *object) {
    if (!take_member(name, value, request)) {
      return fmt::format("request has a wrong value for {}", printable(name, 40));
    }
    has_id = has_id || to_lower(name) == "id";
  }
  if (!has_id) return "request has no ID";
  if (request.command_name == "get") request.command = Request::Command::get;
  if (request.command_name == "put") request.command = Request::Command::put;
  if (request.command_name == "close") request.command = Request::Command::close;
  if (request.command != Request::Command::other) request.command_name.clear();
  return std::nullopt;
}

// A JSON string literal. Bytes that are no UTF-8 pass as they are: Go replaces them, finds no such
// file, and takes the answer as a miss.
void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string begin_response(std::int64_t id) {
  std::string line;
  line.reserve(256);
  line += "{\"ID\":";
  line += fmt::format_int(id).c_str();
  return line;
}

}  // namespace

Result<void> RequestReader::Handler::on_body_aborted() {
  return fail(Code::corrupt, "cacheprog: a body ended before its announced size");
}

Result<void> RequestReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::between: TRY(feed_between(bytes)); break;
      case State::request: TRY(feed_request(bytes)); break;
      case State::before_body: TRY(feed_before_body(bytes)); break;
      case State::body: TRY(feed_body(bytes)); break;
    }
  }
  return {};
}

Result<void> RequestReader::finish() const {
  if (state_ == State::between) return {};
  return corrupt(state_ == State::request ? "the stream ended inside a request"
                                          : "the stream ended inside a body");
}

Result<void> RequestReader::feed_between(std::string_view& bytes) {
  const std::size_t blanks = leading_blanks(bytes);
  offset_ += blanks;
  bytes.remove_prefix(blanks);
  if (bytes.empty()) return {};
  if (bytes.front() != '{') return corrupt("expected a request");
  state_ = State::request;
  depth_ = 0;
  in_string_ = false;
  escaped_ = false;
  pending_.clear();
  return {};
}

Result<void> RequestReader::feed_request(std::string_view& bytes) {
  if (pending_.empty()) {
    // Go writes one request a line: the usual case costs one memchr and no scan.
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    request_ = Request{};
    if (line.size() <= k_request_line_max && parse_exact(line, request_)) {
      offset_ += line.size();
      bytes.remove_prefix(line.size());
      return end_request({});
    }
  }
  std::size_t size = 0;
  bool complete = false;
  while (size < bytes.size() && !complete) {
    const char c = bytes[size++];
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = c != '"';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{') {
      ++depth_;
    } else if (c == '}') {
      complete = --depth_ == 0;
    }
  }
  if (pending_.size() + size > k_request_line_max) {
    return corrupt(fmt::format("a request is longer than {} bytes", k_request_line_max));
  }
  const std::string_view piece = bytes.substr(0, size);
  offset_ += size;
  bytes.remove_prefix(size);
  if (!complete || !pending_.empty()) pending_.append(piece);
  if (!complete) return {};
  return end_request(pending_.empty() ? piece : std::string_view(pending_));
}

// An empty text says that request_ is filled already.
Result<void> RequestReader::end_request(std::string_view text) {
  if (!text.empty()) {
    request_ = Request{};
    if (!parse_exact(text, request_)) {
      request_ = Request{};
      if (auto wrong = parse_any(text, request_)) return corrupt(*wrong);
    }
    pending_.clear();
  }
  if (request_.body_size > k_body_size_max) {
    return corrupt(fmt::format("a body of {} bytes is above the limit of {}", request_.body_size,
                               k_body_size_max));
  }
  state_ = request_.body_size > 0 ? State::before_body : State::between;
  return handler_.on_request(request_);
}

Result<void> RequestReader::feed_before_body(std::string_view& bytes) {
  const std::size_t blanks = leading_blanks(bytes);
  offset_ += blanks;
  bytes.remove_prefix(blanks);
  if (bytes.empty()) return {};
  if (bytes.front() != '"') return corrupt("expected a body");
  ++offset_;
  bytes.remove_prefix(1);
  state_ = State::body;
  body_done_ = 0;
  group_count_ = 0;
  body_padded_ = false;
  return {};
}

Result<void> RequestReader::feed_body(std::string_view& bytes) {
  std::string_view text = bytes.substr(0, bytes.find('"'));
  text = text.substr(0, text.find('{'));
  TRY(decode_body(text));
  offset_ += text.size();
  bytes.remove_prefix(text.size());
  if (bytes.empty()) return {};
  if (bytes.front() == '{') {
    // Go could not read the file it was sending and went on with the next request, without a quote.
    state_ = State::between;
    return handler_.on_body_aborted();
  }
  ++offset_;
  bytes.remove_prefix(1);
  return end_body();
}

Result<void> RequestReader::decode_body(std::string_view text) {
  if (group_count_ > 0) {
    while (group_count_ < sizeof group_ && !text.empty()) {
      group_[group_count_++] = text.front();
      text.remove_prefix(1);
    }
    if (group_count_ < sizeof group_) return {};
    group_count_ = 0;
    TRY(decode_groups({group_, sizeof group_}));
  }
  const std::size_t whole = text.size() / 4 * 4;
  for (std::size_t at = 0; at < whole; at += k_body_piece_text) {
    TRY(decode_groups(text.substr(at, std::min(k_body_piece_text, whole - at))));
  }
  text.remove_prefix(whole);
  std::memcpy(group_, text.data(), text.size());
  group_count_ = text.size();
  return {};
}

// `text` is not empty, a multiple of four long, and at most k_body_piece_text.
Result<void> RequestReader::decode_groups(std::string_view text) {
  if (body_padded_) return corrupt("a body goes on after its padding");
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  body_padded_ = padding > 0;
  const std::size_t size = text.size() / 4 * 3 - padding;
  if (size > request_.body_size - body_done_) {
    return corrupt(fmt::format("a body is longer than its {} bytes", request_.body_size));
  }
  if (decoded_.empty()) decoded_.resize(k_body_piece);
  const MutableByteView into(decoded_.data(), size);
  if (!codec::base64_decode_exact(text, into)) return corrupt("a body is not base64");
  body_done_ += size;
  return handler_.on_body(into);
}

Result<void> RequestReader::end_body() {
  if (group_count_ != 0) return corrupt("a body ends inside a group of four");
  if (body_done_ != request_.body_size) {
    return corrupt(
        fmt::format("a body has {} bytes where {} were announced", body_done_, request_.body_size));
  }
  state_ = State::between;
  return handler_.on_body_end();
}

std::unexpected<Error> RequestReader::corrupt(std::string_view what) const {
  return fail(Code::corrupt, fmt::format("cacheprog: byte {}: {}", offset_, what));
}

std::string hello_line() { return "{\"ID\":0,\"KnownCommands\":[\"get\",\"put\",\"close\"]}\n"; }

std::string hit_response(std::int64_t id, const BlobId& output, std::uint64_t size_bytes,
                         UnixNanos time_ns, std::string_view disk_path) {
  std::string line = begin_response(id);
  line += ",\"OutputID\":\"";
  line += codec::base64_encode(output.view());
  line += "\",\"Size\":";
  line += fmt::format_int(size_bytes).c_str();
  line += ",\"Time\":\"";
  line += rfc3339(time_ns);
  line += "\",\"DiskPath\":";
  append_quoted(line, disk_path);
  line += "}\n";
  return line;
}

std::string miss_response(std::int64_t id) { return begin_response(id) + ",\"Miss\":true}\n"; }

std::string put_response(std::int64_t id, std::string_view disk_path) {
  std::string line = begin_response(id);
  line += ",\"DiskPath\":";
  append_quoted(line, disk_path);
  line += "}\n";
  return line;
}

std::string close_response(std::int64_t id) { return begin_response(id) + "}\n"; }

std::string error_response(std::int64_t id, std::string_view message) {
  std::string line = begin_response(id);
  line += ",\"Err\":";
  append_quoted(line, message.empty() ? "unknown" : message);
  line += "}\n";
  return line;
}

}  // namespace sluice::gotool
