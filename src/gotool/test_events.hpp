// What a test binary prints, as the events of `go test -json`.
//
// TestEvents is fed the output of one package's test binary (run with -test.v=test2json, or in any
// other way) as it comes and hands on events in the same order; it knows no clock, who writes an
// event gives its time. One thread. Nothing fails: what is no framing is output. Source: the event
// stream of cmd/test2json, Go 1.24 to 1.27, with its bounds: a framing line has at most 4,096
// bytes, an event carries at most 1,024 of output.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::gotool {

inline constexpr std::size_t k_framing_line_max = 4096;
inline constexpr std::size_t k_output_event_max = 1024;

// The fields in the order in which they are written; what is empty is left out.
struct TestEvent {
  std::string action;  // start, run, pause, cont, output, pass, fail, skip, bench, attr, artifacts
  std::string package;
  std::string test;  // empty: of the package as a whole
  std::optional<double> elapsed_s;
  std::optional<std::string> output;  // may be no UTF-8
  std::string output_type;            // frame, error, error-continue: from Go 1.27
  std::string failed_build;           // the package that could not be built
  std::string key;                    // of attr
  std::string value;
  std::string path;  // of artifacts
};

// One line as Go 1.`go_minor` writes it, newline included. `time`: RFC 3339, empty for none.
std::string test_event_line(const TestEvent& event, std::string_view time, int go_minor);

class TestEvents {
 public:
  using Sink = std::function<void(const TestEvent&)>;

  // Tells "start" at once. `go_minor`: 26 for Go 1.26; the framing of later releases is output.
  TestEvents(std::string package, int go_minor, Sink sink);
  ~TestEvents();
  TestEvents(TestEvents&&) noexcept;
  TestEvents& operator=(TestEvents&&) noexcept;

  void write(std::string_view output);
  // How the process ended; without it the last PASS or FAIL counts.
  void exited(bool success);
  void set_failed_build(std::string package);
  // The end of the output; tells "pass", "fail" or "skip" where that is known. Seconds since the
  // start are written with three digits.
  void close(double elapsed_s);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::gotool
