#include "insight/numbers_text.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "insight/wording.hpp"

#include <fmt/format.h>

namespace sluice::insight {
namespace {

constexpr std::size_t k_packages_shown = 10;
constexpr std::size_t k_name_max = 60;

void add_line(std::string& text, std::string_view name, std::string_view value) {
  text += fmt::format("{:<12}{}\n", name, value);
}

std::string answers_text(const Tally& tally) {
  std::string text = fmt::format("{} local, {} remote", tally.local, tally.remote);
  if (tally.reused > 0)
    text += fmt::format(", {} {} reused", tally.reused,
                        tally.reused == 1 ? "test result" : "test results");
  return text + fmt::format(", {} missed", tally.missed);
}

void add_transfers(std::string& text, const Numbers& numbers) {
  std::string line = format_size(numbers.all.bytes) + " given";
  for (const journal::TransferTotal& total : numbers.transfers) {
    line += fmt::format(", {} {}", format_size(total.bytes),
                        total.direction == journal::Direction::down ? "down" : "up");
    // A folder has none.
    if (total.requests == 0) continue;
    line += fmt::format(" in {}", count_text(total.requests, "request", "requests"));
  }
  add_line(text, "bytes", line);
  add_line(text, "waits",
           fmt::format("{}, summed over {}", seconds_text(numbers.all.wait_us),
                       count_text(numbers.waited(), "lookup that waited", "lookups that waited")));
}

void add_times(std::string& text, const Numbers& numbers) {
  add_line(text, "time saved", seconds_text(numbers.saved_us()));
  for (const Steps& steps : numbers.steps) {
    add_line(text, "", fmt::format("{:<8} {}", steps.name, saved_text(steps)));
  }
  add_line(text, "", k_sum_note);
  add_line(text, "time spent", "");
  text.pop_back();
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
  for (const Steps& steps : numbers.steps) {
    add_line(text, "", fmt::format("{:<8} {}", steps.name, spent_text(steps)));
  }
}

void add_tables(std::string& text, const Numbers& numbers) {
  const auto table = [&text](std::string_view title, const std::vector<NamedTally>& tallies) {
    if (tallies.empty()) return;
    text += fmt::format("\n{:<20}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}  {}\n", title, "lookups",
                        "hit rate", "local", "remote", "reused", "missed", "given");
    for (const auto& [name, tally] : tallies) {
      text += fmt::format("{:<20}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}  {}\n", name, tally.lookups(),
                          rate_text(tally), tally.local, tally.remote, tally.reused, tally.missed,
                          format_size(tally.bytes));
    }
  };
  table("kind", numbers.kinds);
  if (!numbers.scopes.empty()) {
    text += fmt::format("\n{:<20}{:>8}  {}\n", "scope", "hits", "given");
    for (const auto& [name, tally] : numbers.scopes) {
      text += fmt::format("{:<20}{:>8}  {}\n", name, tally.hits(), format_size(tally.bytes));
    }
  }
  if (!numbers.packages.empty()) {
    text += fmt::format("\n{:<60}{:>8}{:>10}{:>10}{:>10}\n", "package", "given", "compiled",
                        "saved", "spent");
  }
  std::size_t shown = 0;
  for (const PackageTally& one : numbers.packages) {
    if (++shown > k_packages_shown) {
      text += fmt::format("and {} more; --format json has them all\n",
                          numbers.packages.size() - k_packages_shown);
      break;
    }
    text += fmt::format("{:<60}{:>8}{:>10}{:>10}{:>10}\n", printable(one.package, k_name_max),
                        one.given, one.compiled, seconds_text(one.saved_us),
                        seconds_text(one.spent_us));
  }
}

void add_misses(std::string& text, const Numbers& numbers) {
  if (!numbers.causes.empty())
    text += fmt::format("\n{:<20}{:<16}{:>6}\n", "missed because", "kind", "count");
  for (const MissCause& cause : numbers.causes) {
    text += fmt::format("{:<20}{:<16}{:>6}  {}\n", printable(cause.reason), cause.kind, cause.count,
                        meaning_of(cause.reason));
  }
  if (!numbers.faults.empty()) text += '\n';
  for (const journal::FaultRow& fault : numbers.faults) {
    text += fmt::format("fault: {}: {} ({})\n", printable(fault.reason), printable(fault.message),
                        count_text(fault.count, "time", "times"));
  }
}

}  // namespace

std::string numbers_text(const Numbers& numbers, const History& last, std::size_t asked) {
  std::string text;
  const std::string number = numbers.job.id > 0 ? fmt::format("{}, ", numbers.job.id) : "";
  add_line(text, "job", number + job_text(numbers.job));
  add_line(
      text, "",
      fmt::format(
          "{}, {} in {}{}", time_text(numbers.job.first_us), seconds_text(numbers.wall_us),
          count_text(numbers.commands, "command", "commands"),
          numbers.commands_failed > 0 ? fmt::format(", {} failed", numbers.commands_failed) : ""));
  const Tally& all = numbers.all;
  add_line(text, "hit rate",
           all.lookups() == 0 ? "no lookups"
                              : fmt::format("{}, {} of {} lookups: {}", rate_text(all), all.hits(),
                                            all.lookups(), answers_text(all)));
  add_transfers(text, numbers);
  add_times(text, numbers);
  for (const std::string& exclusion : exclusions(numbers)) {
    add_line(text, "not counted", exclusion);
  }
  add_tables(text, numbers);
  add_misses(text, numbers);
  text += last.hit_rate
              ? fmt::format("\nlast {}: hit rate {} (median of {} with lookups)\n",
                            count_text(asked, "job", "jobs"), percent_text(last.hit_rate->value),
                            last.hit_rate->sample)
              : fmt::format("\nlast {}: none with lookups\n", count_text(asked, "job", "jobs"));
  return text;
}

}  // namespace sluice::insight
