#include "insight/trace_events.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sluice::insight {
namespace {

using Kind = TraceEvent::Kind;

// internal/trace/version/version.go of Go 1.27; 11 to 21 are an older format that go converts.
constexpr std::array k_trace_versions = {11, 19, 21, 22, 23, 25, 26};

constexpr std::array<std::pair<std::string_view, Kind>, 6> k_kinds = {{
    {"RangeBegin", Kind::range_begin},
    {"RangeActive", Kind::range_active},
    {"RangeEnd", Kind::range_end},
    {"RegionBegin", Kind::region_begin},
    {"RegionEnd", Kind::region_end},
    {"Log", Kind::log},
}};

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// "KEY" and a number behind it.
template <class Number>
bool take_number(std::string_view& text, std::string_view key, Number& number) {
  if (!take(text, key)) return false;
  const auto parsed = parse_int<Number>(take_word(text));
  if (!parsed) return false;
  number = *parsed;
  return true;
}

bool take_string(std::string_view& text, std::string_view key, std::string& value) {
  if (!take(text, key)) return false;
  auto taken = take_go_string(text);
  if (!taken) return false;
  value = std::move(*taken);
  return true;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  const auto tail = [&](unsigned shift) { byte(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0U | (point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    byte(0xE0U | (point >> 12U));
    tail(6);
    tail(0);
  } else {
    byte(0xF0U | (point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

// What stands behind a backslash.
bool take_escape(std::string_view& text, std::string& out) {
  constexpr std::string_view k_letters = "abfnrtv\\\"";
  constexpr std::string_view k_meanings = "\a\b\f\n\r\t\v\\\"";
  constexpr std::uint32_t k_point_max = 0x10FFFF;
  if (text.empty()) return false;
  const char letter = text.front();
  text.remove_prefix(1);
  if (const auto at = k_letters.find(letter); at != std::string_view::npos) {
    out += k_meanings[at];
    return true;
  }
  const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0 || text.size() < digits) return false;
  std::uint32_t value = 0;
  const char* const end = text.data() + digits;
  const auto [at, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc{} || at != end) return false;
  text.remove_prefix(digits);
  if (letter == 'x') {
    out += static_cast<char>(value);
    return true;
  }
  if (value > k_point_max || (value >= 0xD800 && value < 0xE000)) return false;
  append_utf8(out, value);
  return true;
}

// A goroutine that ends, among the fields of a StateTransition; their order differs.
bool read_transition(std::string_view fields, TraceEvent& event) {
  if (fields.find("->NotExist") == std::string_view::npos) return true;
  std::int64_t goroutine = -1;
  bool ends = false;
  while (!fields.empty()) {
    std::string reason;
    if (!take(fields, " ")) return false;
    if (fields.starts_with("GoID=")) {
      if (!take_number(fields, "GoID=", goroutine)) return false;
    } else if (fields.starts_with("Reason=")) {
      if (!take_string(fields, "Reason=", reason)) return false;
    } else {
      ends = take_word(fields).ends_with("->NotExist") || ends;
    }
  }
  if (goroutine >= 0 && ends) {
    event.kind = Kind::goroutine_end;
    event.goroutine = goroutine;
  }
  return true;
}

bool read_fields(std::string_view fields, TraceEvent& event) {
  switch (event.kind) {
    case Kind::range_begin:
    case Kind::range_active:
    case Kind::range_end:
      if (!take_string(fields, " Name=", event.name) || !take(fields, " Scope=")) return false;
      event.scope = take_word(fields);
      return !event.scope.empty();
    case Kind::region_begin:
    case Kind::region_end:
      return take_number(fields, " Task=", event.task) && take_string(fields, " Type=", event.name);
    case Kind::log:
      return take_number(fields, " Task=", event.task) &&
             take_string(fields, " Category=", event.name) &&
             take_string(fields, " Message=", event.message);
    default: return true;
  }
}

bool read_event(std::string_view line, TraceEvent& event) {
  std::int64_t ignored = 0;
  if (!take_number(line, "M=", ignored) || !take_number(line, " P=", ignored)) return false;
  if (!take_number(line, " G=", event.goroutine) || !take(line, " ")) return false;
  const std::string_view word = take_word(line);
  if (word.empty() || !take_number(line, " Time=", event.time_ns)) return false;
  // Go 1.25 gives the first Sync of an old trace that it converted the time -1.
  if (event.time_ns < 0) return word == "Sync";
  if (word == "StateTransition") return read_transition(line, event);
  const auto* const known = std::ranges::find(k_kinds, word, &decltype(k_kinds)::value_type::first);
  if (known != k_kinds.end()) event.kind = known->second;
  return read_fields(line, event);
}

}  // namespace

Result<int> trace_version_of(std::string_view header) {
  if (header.empty()) return fail(Code::invalid, "it is empty");
  using namespace std::string_view_literals;
  constexpr std::string_view k_begin = "go 1.";
  constexpr std::string_view k_end = " trace\0\0\0"sv;
  std::string_view rest = header.substr(0, k_trace_header_size);
  const bool is_header = take(rest, k_begin) && rest.ends_with(k_end);
  if (is_header) rest.remove_suffix(k_end.size());
  const auto minor = parse_int<int>(rest);
  if (!is_header || !minor || *minor < 0) {
    return fail(Code::invalid,
                "it is no runtime trace of Go; runtime/trace and 'go test -trace' write one");
  }
  if (std::ranges::find(k_trace_versions, *minor) == k_trace_versions.end()) {
    return fail(Code::unsupported,
                fmt::format("\"go 1.{} trace\" is a version of traces that this sluice does not "
                            "know; it knows those up to go 1.{}",
                            *minor, k_trace_versions.back()));
  }
  return *minor;
}

std::optional<std::string> take_go_string(std::string_view& text) {
  std::string_view rest = text;
  std::string out;
  if (!take(rest, "\"")) return std::nullopt;
  for (;;) {
    const std::size_t plain = rest.find_first_of("\"\\");
    if (plain == std::string_view::npos) return std::nullopt;
    out.append(rest.substr(0, plain));
    const bool is_end = rest[plain] == '"';
    rest.remove_prefix(plain + 1);
    if (is_end) break;
    if (!take_escape(rest, out)) return std::nullopt;
  }
  text = rest;
  return out;
}

Result<std::optional<TraceEvent>> parse_trace_event(std::string_view line) {
  const bool is_other =
      line.empty() || line.front() == '\t' || line == "Stack=" || line == "TransitionStack=";
  if (is_other) return std::nullopt;
  TraceEvent event;
  if (!read_event(line, event)) {
    return fail(Code::corrupt, fmt::format("\"{}\" is no event as 'go tool trace -d=parsed' of Go "
                                           "1.24 to 1.27 prints it",
                                           printable(line)));
  }
  if (event.time_ns < 0) return std::nullopt;
  return event;
}

Result<void> TraceEventReader::take_line(std::string_view line) {
  ++line_;
  const auto context = [this](Error error) {
    return std::unexpected(std::move(error).in(fmt::format("line {}", line_)));
  };
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto event = parse_trace_event(line);
  if (!event) return context(std::move(event).error());
  if (!*event) return {};
  auto handled = handler_(**event);
  if (!handled) return context(std::move(handled).error());
  return {};
}

Result<void> TraceEventReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (pending_.size() + piece.size() > k_trace_line_max) {
      return fail(Code::corrupt,
                  fmt::format("line {}: it is longer than {} bytes", line_ + 1, k_trace_line_max));
    }
    if (end == std::string_view::npos) {
      pending_ += piece;
      return {};
    }
    bytes.remove_prefix(end + 1);
    if (pending_.empty()) {
      TRY(take_line(piece));
    } else {
      pending_ += piece;
      const std::string line = std::exchange(pending_, {});
      TRY(take_line(line));
    }
  }
  return {};
}

Result<void> TraceEventReader::finish() {
  if (pending_.empty()) return {};
  return take_line(std::exchange(pending_, {}));
}

}  // namespace sluice::insight
