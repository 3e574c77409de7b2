#include "runner/attempts.hpp"

#include <fmt/format.h>

#include <optional>

namespace sluice::runner {

// Nothing shall fail because the machine is full.
void Attempts::next(double now_s) {
  if (is_running_ || !retries_.is_waiting()) return;
  const std::string why_none = retries_.why_none();
  if (!why_none.empty() || is_stopped_) {
    if (!why_none.empty()) host_.tell(why_none);
    while (retries_.is_waiting()) host_.decided(retries_.give_up());
    return;
  }
  const Retries::Attempt attempt = retries_.next();
  Package& package = host_.package(attempt.number);
  if (!package.report) return host_.decided(retries_.give_up());  // go is against it
  TestCommand command = host_.command(package);
  command.arguments = attempt_arguments(command.arguments, attempt.test);
  auto process = TestProcess::start(
      loop_, command,
      [report = package.report.get()](std::string_view piece) { report->output(piece); },
      [this, number = attempt.number](const TestEnd& end) { ended(number, end); });
  if (!process) {
    host_.tell(process.error().message);
    return host_.decided(retries_.give_up());
  }
  if (host_.explains) {
    host_.tell(fmt::format("{:.2f} s: attempt {} of {}: {} {}", now_s, attempt.at, attempt.last,
                           package.facts.import_path, attempt.test));
  }
  is_running_ = true;
  package.process = std::move(*process);
  package.started_s = now_s;
}

void Attempts::ended(TaskNumber number, const TestEnd& end) {
  Package& package = host_.package(number);
  package.process.reset();
  package.slot.reset();
  is_running_ = false;
  const std::string test = retries_.next().test;
  const TestRecord* record = package.report->records().find(test);
  const bool is_passed = record != nullptr && record->outcome == TestOutcome::passed;
  const bool has_passed = has_succeeded(end) && (test.empty() || is_passed);
  const bool is_hopeless = is_stopped_ || has_data_race(package.report->said_last());
  if (!has_passed) package.report->attempt_failed(end);
  const auto verdict = is_hopeless ? std::optional(retries_.give_up()) : retries_.ended(has_passed);
  if (verdict) host_.decided(*verdict);
  host_.ended();
}

}  // namespace sluice::runner
