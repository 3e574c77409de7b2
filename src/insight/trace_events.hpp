// The text of `go tool trace -d=parsed`, read line by line into the events that matter here.
//
// TraceEventReader is a push parser: fed pieces of any length, it hands events on as their lines
// complete and holds no more than one line. One thread. The functions are pure: any thread. Text
// that go tool trace does not write is Code::corrupt with the number of the line; kinds of events
// that are not known are handed on as `other`, with their time. Facts: Event.String in
// internal/trace/event.go of Go 1.24 to 1.27, which differ only in kinds that are not read here
// (Sync, Metric) and in the order of the fields of a StateTransition. Strings are Go's %q.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::insight {

// Bytes of a line; Go cuts what a program says at 1 KiB.
inline constexpr std::size_t k_trace_line_max = std::size_t{1} << 20U;
// Bytes at the beginning of a trace file that say its version: "go 1.26 trace" and three zeros.
inline constexpr std::size_t k_trace_header_size = 16;

// The 26 of "go 1.26 trace". Code::invalid where the bytes are no such header, Code::unsupported
// for a version that Go 1.27 and older do not write.
Result<int> trace_version_of(std::string_view header);

struct TraceEvent {
  enum class Kind : std::uint8_t {
    range_begin,
    range_active,  // it had begun before: what a trace says of it where it first can
    range_end,
    region_begin,
    region_end,
    log,
    goroutine_end,
    other,
  };

  Kind kind = Kind::other;
  std::int64_t time_ns = 0;  // never negative
  std::int64_t goroutine =
      -1;                  // that it happened on; of goroutine_end the one that ended; -1: none
  std::uint64_t task = 0;  // of a region or log
  std::string name;        // of the range or region; the category of a log
  std::string scope;       // of a range: "None", "Goroutine(1)", "Proc(0)"
  std::string message;     // of a log
};

// Nothing for a line that is no event: those of stacks, and empty ones.
Result<std::optional<TraceEvent>> parse_trace_event(std::string_view line);

// A Go string literal in double quotes at the beginning of `text`, which moves behind it. Nothing
// where there is none.
std::optional<std::string> take_go_string(std::string_view& text);

class TraceEventReader {
 public:
  using Handler = std::function<Result<void>(const TraceEvent&)>;

  explicit TraceEventReader(Handler handler) : handler_(std::move(handler)) {}

  // An error of the handler is passed on with the number of the line in front.
  Result<void> feed(std::string_view bytes);
  // At the end of the text: a last line may lack its newline.
  Result<void> finish();

 private:
  Result<void> take_line(std::string_view line);

  Handler handler_;
  std::string pending_;  // a line that began in an earlier piece
  std::uint64_t line_ = 0;
};

}  // namespace sluice::insight
