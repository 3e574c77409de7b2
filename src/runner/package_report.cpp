#include "runner/package_report.hpp"

#include "base/deadline.hpp"
#include "base/rfc3339.hpp"
#include "gotool/go_duration.hpp"
#include "gotool/test_result.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::runner {

PackageReport::PackageReport(std::string import_path, const ReportForm& form, Show show)
    : import_path_(std::move(import_path)),
      form_(form),
      show_(std::move(show)),
      started_(std::chrono::steady_clock::now()) {
  if (!form_.is_json) return;
  events_.emplace(import_path_, form_.go_minor, [this](const gotool::TestEvent& event) {
    emit(gotool::test_event_line(event, rfc3339_short(unix_now_ns()), form_.go_minor));
  });
}

void PackageReport::output(std::string_view piece) {
  said_ += piece;
  say(piece);
}

// Behind what the test binary has said; in text it waits for the end.
void PackageReport::say(std::string_view text) {
  if (events_)
    events_->write(text);
  else if (form_.shows_at_once)
    emit(std::string(text));
}

bool PackageReport::ended(const TestEnd& end) {
  const bool has_passed = end.status.success() && !end.is_output_incomplete;
  if (has_passed) {
    const std::string line =
        gotool::passed_line(import_path_, end.elapsed_s, said_, form_.is_covered);
    const bool is_shown = form_.is_verbose || form_.is_json;
    kept_ = is_shown ? said_ + line : line;
    if (!events_ && !form_.shows_at_once)
      emit(kept_);
    else
      say(line);
  } else {
    const bool is_late = end.status.success();  // only its output was
    say_failed(end,
               is_late ? "exec: WaitDelay expired before I/O complete" : failure_words(end.status));
  }
  close(has_passed);
  return has_passed;
}

void PackageReport::say_failed(const TestEnd& end, std::string_view error) {
  std::string text;
  if (end.was_told_to_quit) {
    text += fmt::format("*** Test killed with quit: ran too long ({}).\n",
                        gotool::go_duration(form_.quit_after));
  } else if (end.is_output_incomplete && end.status.success()) {
    text += fmt::format("*** Test I/O incomplete {} after exiting.\n",
                        gotool::go_duration(form_.wait_delay));
  }
  const bool has_exited = end.status.signal == 0 && end.status.code != 0;
  if (!has_exited || said_.empty())
    text += fmt::format("{}\n", error);
  else if (said_.back() != '\n')
    text += "\n";
  text += fmt::format("{}FAIL\t{}\t{:.3f}s\n", form_.is_framed ? "\x16" : "", import_path_,
                      end.elapsed_s);
  if (!events_ && !form_.shows_at_once)
    emit(said_ + text);
  else
    say(text);
}

void PackageReport::not_started(std::string_view why) {
  say_failed({}, why);
  close(false);
}

void PackageReport::known(std::string_view cached_output) {
  if (events_)
    events_->write(cached_output);
  else
    emit(std::string(cached_output));
  close(true);
}

void PackageReport::close(bool has_passed) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
  if (events_) {
    events_->exited(has_passed);
    events_->close(took.count());
  }
  is_over_ = true;
}

void PackageReport::release() {
  is_released_ = true;
  if (!held_.empty()) show_(std::exchange(held_, {}));
}

void PackageReport::emit(std::string text) {
  if (is_released_)
    show_(text);
  else
    held_ += text;
}

}  // namespace sluice::runner
