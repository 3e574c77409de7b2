#include "insight/wording.hpp"

#include "base/strings.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <ctime>
#include <utility>

namespace sluice::insight {
namespace {

constexpr double k_us_per_s = 1e6;
constexpr std::size_t k_commit_shown = 12;
constexpr std::size_t k_name_shown = 200;

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> k_meanings = {{
    {k_reason_ttl, "removed by sluice gc, unused for too long"},
    {k_reason_evict, "removed by sluice gc, to keep the size"},
    {k_reason_manual,
     "was here a short time ago and was deleted by something else than sluice gc "
     "or go's trimming, such as go clean -cache"},
    {k_reason_remote, "the store has it, or may have it, and did not bring it"},
    {k_reason_corrupt, "the store brought other bytes"},
    {k_reason_refused, "a test result of other contents"},
    {k_reason_new, "no result under this key was known here or in the index"},
    {k_reason_unknown, "was known here, and why it is gone is not known"},
    {k_reason_verify, "was here, and was made again for --verify or --verify-tests, or deleted"},
    {k_reason_upstream, "compiled because a package that it imports was"},
}};

}  // namespace

std::string percent_text(double share) {
  constexpr double k_noise = 1e-9;  // of a division
  return fmt::format("{:.1f} %", std::floor(share * 1000 + k_noise) / 10);
}

std::string rate_text(const Tally& tally) {
  const auto rate = tally.hit_rate();
  return rate ? percent_text(*rate) : "no lookups";
}

std::string seconds_text(std::uint64_t span_us) {
  return fmt::format("{:.2f} s", static_cast<double>(span_us) / k_us_per_s);
}

std::string count_text(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string time_text(journal::Micros at_us) {
  constexpr journal::Micros k_us = 1'000'000;
  const auto seconds = static_cast<std::time_t>(at_us / k_us);
  std::tm utc{};
  if (::gmtime_r(&seconds, &utc) == nullptr) return "at an unknown time";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", utc);
}

std::string job_text(const journal::JobRow& job) {
  std::vector<std::string> details;
  for (const std::string& detail : {job.name, job.branch, job.commit.substr(0, k_commit_shown)}) {
    if (!detail.empty()) details.push_back(printable(detail, k_name_shown));
  }
  const std::string uid = printable(job.uid, k_name_shown);
  return details.empty() ? uid : fmt::format("{} ({})", uid, join(details, ", "));
}

std::string_view things_of(const Steps& steps, std::uint64_t count) {
  if (steps.name == "compile") return count == 1 ? "package" : "packages";
  if (steps.name == "link") return count == 1 ? "program" : "programs";
  return count == 1 ? "test" : "tests";
}

std::string saved_text(const Steps& steps) {
  if (steps.given == 0) return fmt::format("no {} given", things_of(steps, 0));
  std::string text = fmt::format("{} by {} of {} {} given", seconds_text(steps.saved_us),
                                 steps.given_counted, steps.given, things_of(steps, steps.given));
  if (steps.foreign_us > 0) {
    text += fmt::format(", {} of it made elsewhere", seconds_text(steps.foreign_us));
  }
  return text;
}

std::string spent_text(const Steps& steps) {
  if (steps.done == 0) return fmt::format("no {}", things_of(steps, 0));
  return fmt::format("{} in {} of {} {}", seconds_text(steps.spent_us), steps.done_counted,
                     steps.done, things_of(steps, steps.done));
}

std::string_view meaning_of(std::string_view reason) {
  for (const auto& [name, meaning] : k_meanings) {
    if (name == reason) return meaning;
  }
  return "an input that differs, which sluice why names";
}

std::vector<std::string> exclusions(const Numbers& numbers) {
  std::vector<std::string> list;
  for (const Steps& steps : numbers.steps) {
    const std::uint64_t unknown = steps.given - steps.given_counted;
    if (unknown == 0) continue;
    list.push_back(fmt::format("what {} {} given without a recorded duration saved", unknown,
                               things_of(steps, unknown)));
  }
  if (numbers.commands_open > 0) {
    list.push_back(fmt::format("the time of {} without an end in the journal",
                               count_text(numbers.commands_open, "command", "commands")));
  }
  if (numbers.lookups_unseen > 0) {
    list.push_back(fmt::format("{} that sessions counted and the journal does not have",
                               count_text(numbers.lookups_unseen, "lookup", "lookups")));
  }
  return list;
}

}  // namespace sluice::insight
