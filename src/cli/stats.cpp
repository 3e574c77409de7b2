#include "cli/stats.hpp"

#include "base/strings.hpp"
#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "insight/history.hpp"
#include "insight/metrics.hpp"
#include "insight/numbers.hpp"
#include "insight/numbers_data.hpp"
#include "insight/numbers_markdown.hpp"
#include "insight/numbers_text.hpp"
#include "insight/why_numbers.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <string>

namespace sluice::cli {

namespace {

Result<std::string> stats(const Invocation& invocation, const sys::Environment& env) {
  TRY_ASSIGN(const std::size_t last_count,
             last_jobs_of(invocation.option_or("last", std::to_string(insight::k_history_jobs))));
  TRY_ASSIGN(const std::string format, stats_format(invocation));
  TRY_ASSIGN(const Setup setup,
             set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over));
  TRY_ASSIGN(auto database, open_journal(setup));
  TRY_ASSIGN(const auto job, chosen_job(database, setup, invocation.option_or("job", "")));
  TRY_ASSIGN(const auto explained, insight::explained_numbers(database, job));
  const insight::Numbers& numbers = explained.numbers;
  TRY_ASSIGN(const auto last, insight::last_jobs(database, last_count));
  if (format == "json") return insight::numbers_json(numbers, last).dump() + "\n";
  if (format == "prometheus") return insight::prometheus_text(insight::numbers_metrics(numbers));
  if (format == "openmetrics") return insight::openmetrics_text(insight::numbers_metrics(numbers));
  if (format == "markdown") return insight::numbers_markdown(numbers);
  return insight::numbers_text(numbers, last, last_count);
}

}  // namespace

Result<std::size_t> last_jobs_of(std::string_view text) {
  const auto count = parse_int<std::size_t>(text);
  if (count && *count > 0 && *count <= k_last_jobs_max) return *count;
  return fail(Code::invalid, fmt::format("--last: \"{}\" is not a number from 1 to {}",
                                         printable(text, 80), k_last_jobs_max));
}

Result<std::string> stats_format(const Invocation& invocation) {
  if (!invocation.has("json")) return invocation.option_or("format", "text");
  const std::string format = invocation.option_or("format", "json");
  if (format == "json") return format;
  return fail(Code::invalid, "--json and --format " + format + ": choose one");
}

int run_stats(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  return print_or_report("stats", stats(invocation, env));
}

}  // namespace sluice::cli
