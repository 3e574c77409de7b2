#include "insight/history.hpp"

#include <algorithm>

namespace sluice::insight {
namespace {

Result<History> of_jobs(journal::Database& database, const std::vector<journal::JobRow>& jobs) {
  History history;
  std::vector<double> rates;
  std::vector<double> walls;
  for (const journal::JobRow& job : jobs) {
    TRY_ASSIGN(JobSummary summary, summary_of(database, job));
    const auto rate = summary.hit_rate();
    if (!rate) continue;
    rates.push_back(*rate);
    if (summary.wall_us) walls.push_back(static_cast<double>(*summary.wall_us));
    history.jobs.push_back(std::move(summary));
  }
  history.hit_rate = median_of(std::move(rates));
  history.wall_us = median_of(std::move(walls));
  return history;
}

}  // namespace

std::optional<double> JobSummary::hit_rate() const {
  if (lookups == 0) return std::nullopt;
  return static_cast<double>(hits) / static_cast<double>(lookups);
}

std::optional<Median> median_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const bool is_odd = values.size() % 2 == 1;
  return Median{is_odd ? values[half] : (values[half - 1] + values[half]) / 2, values.size()};
}

Result<JobSummary> summary_of(journal::Database& database, const journal::JobRow& job) {
  JobSummary summary;
  summary.job = job;
  TRY_ASSIGN(const auto answers, journal::answers_in(database, job.id));
  for (const journal::AnswerTotal& total : answers) {
    summary.lookups += total.count;
    const bool is_miss =
        total.answer == journal::Answer::missed || total.answer == journal::Answer::refused;
    if (!is_miss) summary.hits += total.count;
  }
  TRY_ASSIGN(const auto commands, journal::commands_of(database, job.id));
  std::uint64_t wall_us = 0;
  bool is_whole = !commands.empty();
  for (const journal::CommandRow& command : commands) {
    is_whole = is_whole && command.duration_us && command.ending() != journal::Ending::bad;
    wall_us += command.duration_us.value_or(0);
  }
  if (is_whole) summary.wall_us = wall_us;
  return summary;
}

Result<History> history_of(journal::Database& database, const journal::JobRow& job,
                           std::size_t jobs_max) {
  TRY_ASSIGN(const auto like, journal::jobs_like(database, job, jobs_max));
  TRY_ASSIGN(History history, of_jobs(database, like.jobs));
  history.same_branch = like.same_branch;
  return history;
}

Result<History> last_jobs(journal::Database& database, std::size_t jobs_max) {
  TRY_ASSIGN(const auto jobs, journal::recent_jobs(database, jobs_max));
  return of_jobs(database, jobs);
}

}  // namespace sluice::insight
