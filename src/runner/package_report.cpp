#include "runner/package_report.hpp"

#include "base/deadline.hpp"
#include "base/rfc3339.hpp"
#include "base/strings.hpp"
#include "gotool/go_duration.hpp"
#include "gotool/test_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::runner {

ReportForm form_of(const gotool::TestWords& words, int go_minor, bool is_read) {
  ReportForm form;
  form.go_minor = go_minor;
  form.is_json = words.is_json;
  form.is_covered = words.is_covered;
  form.is_verbose = words.is_verbose;
  form.is_framed = std::ranges::find(words.arguments, "-test.v=test2json") != words.arguments.end();
  form.is_read = is_read;
  return form;
}

PackageReport::PackageReport(std::string import_path, const ReportForm& form, Show show)
    : import_path_(std::move(import_path)),
      form_(form),
      show_(std::move(show)),
      started_(std::chrono::steady_clock::now()) {
  if (!form_.is_json && !form_.is_read) return;
  events_.emplace(import_path_, form_.go_minor,
                  [this](const gotool::TestEvent& event) { take(event); });
}

void PackageReport::take(const gotool::TestEvent& event) {
  records_.add(event);
  if (form_.is_json) {
    emit(gotool::test_event_line(event, rfc3339_short(unix_now_ns()), form_.go_minor));
  } else if (form_.is_verbose && event.output) {
    form_.shows_at_once ? emit(*event.output) : (void)(told_ += *event.output);
  }
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
  const bool has_passed = has_succeeded(end);
  if (has_passed) {
    const std::string line =
        gotool::passed_line(import_path_, end.elapsed_s, said_, form_.is_covered);
    const bool is_shown = form_.is_verbose || form_.is_json || form_.is_framed;
    kept_ = is_shown ? said_ + line : line;
    last_word_ = line;
    if (!events_ && !form_.shows_at_once)
      emit(kept_);
    else
      say(line);
  } else {
    const bool is_late = end.status.success();  // only its output was
    say_failed(end,
               is_late ? "exec: WaitDelay expired before I/O complete" : failure_words(end.status));
  }
  close(has_passed, took_s());
  return has_passed;
}

void PackageReport::attempt_failed(const TestEnd& end) {
  why_ = failure_words(end.status) + "\n";
  say(why_failed(end, failure_words(end.status)));
  if (first_end_ == 0) first_end_ = said_.size();
  attempt_at_ = said_.size();
  records_.begin_attempt();
}

void PackageReport::decided(const TestEnd& first, bool has_passed,
                            const std::vector<std::string>& flaky) {
  const std::string names = join(flaky, ", ");
  const std::string note = flaky.empty()   ? ""
                           : names.empty() ? " [flaky]"
                                           : fmt::format(" [flaky: {}]", names);
  if (has_passed) {
    last_word_ =
        gotool::passed_line(import_path_, first.elapsed_s,
                            std::string_view(said_).substr(0, first_end_), form_.is_covered);
    last_word_.insert(last_word_.size() - 1, note);
  } else {
    last_word_ = fmt::format("FAIL\t{}\t{:.3f}s{}\n", import_path_, first.elapsed_s, note);
  }
  say((has_passed ? "" : "\x16") + last_word_);
  has_failed_attempts_ = true;
  close(has_passed, first.elapsed_s);
}

// Behind what it has said itself.
std::string PackageReport::why_failed(const TestEnd& end, std::string_view error) const {
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
  return text;
}

void PackageReport::say_failed(const TestEnd& end, std::string_view error) {
  why_ = fmt::format("{}\n", error);
  std::string text = why_failed(end, error);
  last_word_ = fmt::format("FAIL\t{}\t{:.3f}s\n", import_path_, end.elapsed_s);
  text += (form_.is_framed ? "\x16" : "") + last_word_;
  if (!events_ && !form_.shows_at_once)
    emit(said_ + text);
  else
    say(text);
}

void PackageReport::not_started(std::string_view why) {
  say_failed({}, why);
  close(false, took_s());
}

void PackageReport::known(std::string_view cached_output) {
  if (events_)
    events_->write(cached_output);
  else
    emit(std::string(cached_output));
  const std::size_t last = cached_output.rfind("ok  \t");
  if (last != std::string_view::npos) last_word_ = cached_output.substr(last);
  close(true, took_s());
}

double PackageReport::took_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void PackageReport::close(bool has_passed, double elapsed_s) {
  if (events_) {
    events_->exited(has_passed);
    events_->close(elapsed_s);
  } else if (!has_passed) {
    gotool::TestEvents events(import_path_, form_.go_minor,
                              [this](const gotool::TestEvent& event) { records_.add(event); });
    events.write(said_);
    events.exited(false);
    events.close(elapsed_s);
  }
  if (is_brief()) {
    const bool is_clean = has_passed && !has_failed_attempts_;
    std::string text = is_clean ? "" : records_.failures() + records_.said();
    if (text.empty() && !has_passed) text = why_;
    if (!has_passed && records_.has_ended()) text += "FAIL\n" + records_.coverage();
    emit(text + last_word_);
  } else if (!told_.empty()) {
    emit(std::exchange(told_, {}));
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
