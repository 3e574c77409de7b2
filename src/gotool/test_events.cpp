#include "gotool/test_events.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::gotool {
namespace {

// What the testing package writes before framing, around errors and before such bytes of others.
constexpr char k_framing = 0x16;
constexpr char k_error_begins = 0x0f;
constexpr char k_error_ends = 0x0e;
constexpr char k_escape = 0x1b;

constexpr int k_attr_minor = 25;
constexpr int k_artifacts_minor = 26;
constexpr int k_error_marks_minor = 27;
constexpr int k_json_v2_minor = 27;  // U+FFFD stands as it is

constexpr auto k_updates =
    std::to_array<std::string_view>({"=== RUN   ", "=== PAUSE ", "=== CONT  ", "=== NAME  ",
                                     "=== PASS  ", "=== FAIL  ", "=== SKIP  "});
constexpr auto k_reports =
    std::to_array<std::string_view>({"--- PASS: ", "--- FAIL: ", "--- SKIP: ", "--- BENCH: "});
constexpr std::string_view k_indent = "    ";

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim_go(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Up to a separator and what is behind it.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string_view without_line_end(std::string_view line) {
  if (!line.ends_with('\n')) return line;
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "Benchmark", or that and what is no lower-case letter.
bool is_benchmark_name(std::string_view name) {
  constexpr std::string_view k_prefix = "Benchmark";
  if (!name.starts_with(k_prefix)) return false;
  return name.size() == k_prefix.size() || name[k_prefix.size()] < 'a' ||
         name[k_prefix.size()] > 'z';
}

// The longest beginning that does not end within a character.
std::size_t whole_characters(std::string_view text) {
  constexpr std::size_t k_character_max = 4;
  for (std::size_t back = 1; back < k_character_max && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80U) continue;
    std::size_t length = 1;
    if ((byte & 0xe0U) == 0xc0U) length = 2;
    if ((byte & 0xf0U) == 0xe0U) length = 3;
    if ((byte & 0xf8U) == 0xf0U) length = 4;
    return back < length ? text.size() - back : text.size();
  }
  return text.size();
}

// Cuts what comes into lines of at most `size_max` bytes, and longer ones into parts.
class LineCutter {
 public:
  using Take = std::function<void(std::string_view)>;

  LineCutter(std::size_t size_max, bool has_escapes, Take line, Take part)
      : size_max_(size_max),
        has_escapes_(has_escapes),
        line_(std::move(line)),
        part_(std::move(part)) {}

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), size_max_ - held_.size());
      held_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      const std::size_t done = cut_lines();
      if (done == 0 && held_.size() == size_max_) {
        const std::size_t whole = whole_characters(held_);
        take_part(std::string_view(held_).substr(0, whole));
        held_.erase(0, whole);
        is_within_ = true;
      }
      held_.erase(0, done);
    }
  }

  void flush() {
    if (held_.empty()) return;
    take_part(std::exchange(held_, {}));
  }

 private:
  struct End {
    std::size_t at = 0;
    std::size_t size = 0;  // of the line's end itself
  };

  // A newline, or the place before a mark that does not begin the line.
  std::optional<End> find_end(std::string_view text) const {
    bool escaped = is_within_ && part_ends_escaped_;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') return End{at, 1};
      if (has_escapes_ && std::exchange(escaped, false)) continue;
      if (has_escapes_ && text[at] == k_escape) escaped = true;
      if (text[at] == k_framing && at > 0) return End{at, 0};
    }
    return std::nullopt;
  }

  std::size_t cut_lines() {
    std::size_t at = 0;
    while (at < held_.size()) {
      const std::string_view rest = std::string_view(held_).substr(at);
      const auto end = find_end(rest);
      if (!end) return at + begin_benchmark(rest);
      const std::string_view line = rest.substr(0, end->at + end->size);
      at += line.size();
      if (std::exchange(is_within_, false)) {
        part_(line);
      } else {
        line_(line);
      }
    }
    return at;
  }

  // A benchmark's name is shown while it runs.
  std::size_t begin_benchmark(std::string_view text) {
    if (is_within_) return 0;
    const std::size_t tab = text.find('\t');
    if (tab == std::string_view::npos) return 0;
    std::string_view name = text.substr(0, tab);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!is_benchmark_name(name)) return 0;
    take_part(text.substr(0, tab + 1));
    is_within_ = true;
    return tab + 1;
  }

  void take_part(std::string_view part) {
    bool escaped = is_within_ && part_ends_escaped_;
    for (const char c : part) escaped = !escaped && c == k_escape;
    part_ends_escaped_ = escaped;
    part_(part);
  }

  const std::size_t size_max_;
  const bool has_escapes_;
  const Take line_;
  const Take part_;
  std::string held_;
  bool is_within_ = false;  // a part of this line was given
  bool part_ends_escaped_ = false;
};

void append_escaped(std::string& out, std::uint32_t value) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += k_digits[(value >> shift) & 0xfU];
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\': (out += '\\') += c; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const bool is_plain = c >= ' ' && c != '<' && c != '>' && c != '&';
  if (is_plain) {
    out += c;
  } else {
    append_escaped(out, static_cast<unsigned char>(c));
  }
}

// As encoding/json writes a string: safe within HTML and JavaScript.
void append_string(std::string& out, std::string_view text, std::string_view no_utf8) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    if (length == 0) {
      out += no_utf8;
    } else if (length == 1) {
      append_ascii(out, character[0]);
    } else if (character == "\xe2\x80\xa8") {
      out += "\\u2028";
    } else if (character == "\xe2\x80\xa9") {
      out += "\\u2029";
    } else {
      out += character;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

// As encoding/json writes a float64.
void append_number(std::string& out, double value) {
  constexpr double k_fixed_min = 1e-6;
  constexpr double k_fixed_max = 1e21;
  const double size = std::abs(value);
  const bool is_fixed = size == 0 || (size >= k_fixed_min && size < k_fixed_max);
  std::array<char, 64> digits{};
  const auto written =
      std::to_chars(digits.data(), digits.data() + digits.size(), value,
                    is_fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits.data(), written.ptr);
  const std::size_t zero = text.find("e-0");
  if (zero != std::string::npos) text.erase(zero + 2, 1);
  out += text;
}

}  // namespace

std::string test_event_line(const TestEvent& event, std::string_view time, int go_minor) {
  const std::string_view no_utf8 = go_minor >= k_json_v2_minor ? "\xef\xbf\xbd" : "\\ufffd";
  std::string line = "{";
  const auto name = [&line](std::string_view field) {
    if (line.size() > 1) line += ',';
    ((line += '"') += field) += "\":";
  };
  const auto add = [&](std::string_view field, std::string_view text) {
    if (text.empty()) return;
    name(field);
    append_string(line, text, no_utf8);
  };
  add("Time", time);
  add("Action", event.action);
  add("Package", event.package);
  add("Test", event.test);
  if (event.elapsed_s) {
    name("Elapsed");
    append_number(line, *event.elapsed_s);
  }
  if (event.output) {
    name("Output");
    append_string(line, *event.output, no_utf8);
  }
  add("OutputType", event.output_type);
  add("FailedBuild", event.failed_build);
  add("Key", event.key);
  add("Value", event.value);
  add("Path", event.path);
  line += "}\n";
  return line;
}

struct TestEvents::State {
  State(std::string of, int minor, Sink to)
      : package(std::move(of)),
        go_minor(minor),
        sink(std::move(to)),
        has_error_marks(minor >= k_error_marks_minor),
        input(
            k_framing_line_max, has_error_marks, [this](std::string_view line) { take_line(line); },
            [this](std::string_view part) { output.write(part); }),
        output(
            k_output_event_max, has_error_marks,
            [this](std::string_view text) { tell_output(text); },
            [this](std::string_view text) { tell_output(text); }) {}

  const std::string package;
  const int go_minor;
  const Sink sink;
  const bool has_error_marks;
  LineCutter input;
  LineCutter output;
  std::string test;                // whose output it is
  std::vector<TestEvent> reports;  // "--- PASS" and the like, told when what belongs to them ended
  std::string result;
  std::string failed_build;
  bool needs_mark = false;  // framing has had its mark, so what has none is no framing
  bool is_framing = false;  // what goes to `output` now
  bool is_in_error = false;
  bool is_escaped = false;

  void tell(TestEvent event) {
    event.package = package;
    if (event.test.empty()) event.test = test;
    sink(event);
  }

  void tell_text(std::string_view text, std::string_view type) {
    TestEvent event;
    event.action = "output";
    event.output = std::string(text);
    event.output_type = std::string(type);
    tell(std::move(event));
  }

  // Takes the marks out, and tells errors apart from what is around them.
  void tell_output(std::string_view text) {
    std::string_view type;
    if (is_framing && has_error_marks) {
      type = "frame";
    } else if (is_in_error) {
      type = "error-continue";
    }
    std::string kept;
    for (std::size_t at = 0; has_error_marks && at < text.size(); ++at) {
      const char c = text[at];
      if (std::exchange(is_escaped, false)) {
        kept += c;
      } else if (c == k_escape) {
        is_escaped = true;
      } else if (c == k_error_begins) {
        if (!kept.empty()) tell_text(std::exchange(kept, {}), type);
        is_in_error = true;
        type = "error";
      } else if (c == k_error_ends) {
        if (at + 1 < text.size() && text[at + 1] == '\n') kept += text[++at];
        tell_text(std::exchange(kept, {}), type);
        is_in_error = false;
        type = {};
      } else {
        kept += c;
      }
    }
    if (!has_error_marks) kept = text;
    if (!kept.empty()) tell_text(kept, type);
  }

  void write_framing(std::string_view line) {
    is_framing = true;
    output.write(line);
    is_framing = false;
  }

  // Reports that are at least so deep.
  void flush_reports(std::size_t depth) {
    test.clear();
    while (reports.size() > depth) {
      TestEvent event = std::move(reports.back());
      reports.pop_back();
      tell(std::move(event));
    }
  }

  bool is_update(std::string_view line) const {
    const auto begins = [&](std::string_view word) { return line.starts_with(word); };
    return std::ranges::any_of(k_updates, begins) ||
           (go_minor >= k_attr_minor && begins("=== ATTR  ")) ||
           (go_minor >= k_artifacts_minor && begins("=== ARTIFACTS "));
  }

  void take_line(std::string_view line) {
    if (line.empty()) return;
    const bool is_marked = line.front() == k_framing;
    if (needs_mark && !is_marked) {
      output.write(line);
      return;
    }
    if (is_marked) {
      output.flush();
      line.remove_prefix(1);
    }
    // The name that is empty can lose its blanks on the way.
    if (without_line_end(line) == "=== NAME") line = "=== NAME  \n";
    const std::string_view text = without_line_end(line);
    if (text == "PASS" || text == "FAIL" || text.starts_with("FAIL\t")) {
      flush_reports(0);
      needs_mark = is_marked;
      write_framing(line);
      result = text == "PASS" ? "pass" : "fail";
    } else if (is_update(line)) {
      take_update(line, is_marked);
    } else {
      take_other(line, is_marked);
    }
  }

  // A report, indented by how deep its test lies in others, or output.
  void take_other(std::string_view line, bool is_marked) {
    if (line.starts_with("?   \t") && without_line_end(line).ends_with("\t[no test files]") &&
        reports.empty()) {
      result = "skip";
    }
    std::string_view inner = line;
    std::size_t depth = 0;
    for (; inner.starts_with(k_indent); inner.remove_prefix(k_indent.size())) ++depth;
    const bool is_report =
        std::ranges::any_of(k_reports, [&](auto word) { return inner.starts_with(word); });
    if (is_report) {
      take_report(line, inner, depth, is_marked);
      return;
    }
    if (depth > 0 && depth <= reports.size()) test = reports[depth - 1].test;
    output.write(line);
  }

  void take_report(std::string_view line, std::string_view inner, std::size_t depth,
                   bool is_marked) {
    if (reports.size() < depth) {  // deeper than there are tests
      output.write(line);
      return;
    }
    const auto [action, rest] = cut(inner.substr(k_indent.size()), ':');
    TestEvent event;
    for (const char c : action) event.action += static_cast<char>(c | 0x20);
    std::string_view name = trim_go(rest);
    if (const auto time = name.find(" ("); time != std::string_view::npos) {
      event.elapsed_s = seconds_of(name.substr(time + 2));
      name = name.substr(0, time);
    }
    needs_mark = is_marked;
    flush_reports(depth);
    event.test = test = name;
    reports.push_back(std::move(event));
    write_framing(line);
  }

  // "0.01s)"
  static std::optional<double> seconds_of(std::string_view text) {
    if (!text.ends_with("s)")) return std::nullopt;
    text.remove_suffix(2);
    double seconds = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return is_whole && std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
  }

  void take_update(std::string_view line, bool is_marked) {
    const auto [action, rest] = cut(line.substr(k_indent.size()), ' ');
    TestEvent event;
    for (const char c : action) event.action += static_cast<char>(c | 0x20);
    std::string_view name = trim_go(rest);
    if (event.action == "artifacts") {
      const auto [of, path] = cut(name, ' ');
      event.path = path;
      name = of;
    } else if (event.action == "attr") {
      const auto [of, pair] = cut(name, ' ');
      const auto [key, value] = cut(pair, ' ');
      event.key = key;
      event.value = value;
      name = of;
    }
    needs_mark = is_marked;
    flush_reports(0);
    test = name;
    if (event.action == "name") return;  // it only says whose the output is
    // The line of a pause comes before its event: no output is made while it pauses.
    if (event.action == "pause") write_framing(line);
    const bool is_pause = event.action == "pause";
    tell(std::move(event));
    if (!is_pause) write_framing(line);
  }
};

TestEvents::TestEvents(std::string package, int go_minor, Sink sink)
    : state_(std::make_unique<State>(std::move(package), go_minor, std::move(sink))) {
  TestEvent start;
  start.action = "start";
  state_->tell(std::move(start));
}
TestEvents::~TestEvents() = default;
TestEvents::TestEvents(TestEvents&&) noexcept = default;
TestEvents& TestEvents::operator=(TestEvents&&) noexcept = default;

void TestEvents::write(std::string_view output) { state_->input.write(output); }

void TestEvents::exited(bool success) {
  if (!success) {
    state_->result = "fail";
  } else if (state_->result != "skip") {
    state_->result = "pass";
  }
}

void TestEvents::set_failed_build(std::string package) {
  state_->failed_build = std::move(package);
}

void TestEvents::close(double elapsed_s) {
  state_->input.flush();
  state_->output.flush();
  if (state_->result.empty()) return;
  constexpr double k_milliseconds = 1000;
  TestEvent event;
  event.action = state_->result;
  event.elapsed_s = std::round(elapsed_s * k_milliseconds) / k_milliseconds;
  if (state_->result == "fail") event.failed_build = state_->failed_build;
  state_->tell(std::move(event));
}

}  // namespace sluice::gotool
