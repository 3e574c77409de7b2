#include "insight/numbers_markdown.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "insight/why_numbers.hpp"
#include "insight/wording.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sluice::insight {
namespace {

constexpr std::size_t k_causes_shown = 10;
constexpr std::size_t k_packages_shown = 5;
constexpr std::size_t k_name_max = 120;
constexpr double k_us_per_s = 1e6;

void add_heading(std::string& text, const Numbers& numbers) {
  const Tally& all = numbers.all;
  text += all.lookups() == 0 ? std::string("### sluice: no lookups\n\n")
                             : fmt::format("### sluice: {} of {} lookups from the cache\n\n",
                                           rate_text(all), all.lookups());
  text += fmt::format("{}: {} hits ({} local, {} remote, {} reused), {} missed; {} in {}",
                      code_span(job_text(numbers.job), false, k_name_max), all.hits(), all.local,
                      all.remote, count_text(all.reused, "test result", "test results"), all.missed,
                      seconds_text(numbers.wall_us),
                      count_text(numbers.commands, "command", "commands"));
  if (numbers.commands_failed > 0) text += fmt::format(", {} failed", numbers.commands_failed);
  for (const journal::TransferTotal& total : numbers.transfers) {
    text += fmt::format("; {} {}", format_size(total.bytes),
                        total.direction == journal::Direction::down ? "down" : "up");
  }
  text += fmt::format("; waited {}\n", seconds_text(numbers.all.wait_us));
}

void add_saved(std::string& text, const Numbers& numbers) {
  text += fmt::format("\n**Time saved: {}**\n\n| step | saved | spent |\n| --- | --- | --- |\n",
                      seconds_text(numbers.saved_us()));
  for (const Steps& steps : numbers.steps) {
    text += fmt::format("| {} | {} | {} |\n", steps.name, saved_text(steps), spent_text(steps));
  }
  text += fmt::format("\n{}\n", k_sum_note);
  const auto excluded = exclusions(numbers);
  if (!excluded.empty()) text += fmt::format("Not counted: {}.\n", join(excluded, "; "));
}

void add_causes(std::string& text, const Numbers& numbers) {
  if (numbers.causes.empty()) {
    text += "\nNothing was missing.\n";
    return;
  }
  text +=
      "\n**Top causes of misses**\n\n| misses | reason | kind | meaning |\n"
      "| ---: | --- | --- | --- |\n";
  std::size_t shown = 0;
  for (const MissCause& cause : numbers.causes) {
    if (++shown > k_causes_shown) {
      text += fmt::format("\nand {} more.\n", numbers.causes.size() - k_causes_shown);
      break;
    }
    text += fmt::format("| {} | {} | {} | {} |\n", cause.count, code_span(cause.reason), cause.kind,
                        meaning_of(cause.reason));
  }
}

void add_longest(std::string& text, const Numbers& numbers) {
  std::string rows;
  std::size_t shown = 0;
  for (const PackageTally& one : numbers.packages) {
    if (one.spent_us == 0 || ++shown > k_packages_shown) break;
    rows += fmt::format("| {} | {} |\n", code_span(one.package, true, k_name_max),
                        seconds_text(one.spent_us));
  }
  if (!rows.empty()) text += "\n| compiled longest | time |\n| --- | ---: |\n" + rows;
  rows.clear();
  shown = 0;
  for (const ReasonCount& one : numbers.test_inputs) {
    if (++shown > k_packages_shown) break;
    rows += fmt::format("| {} | {} |\n", code_span(one.reason, true, k_name_max), one.count);
  }
  if (!rows.empty()) text += "\n| changed input of tests | tests |\n| --- | ---: |\n" + rows;
  if (numbers.faults.empty()) return;
  text += "\n| fault | first | times |\n| --- | --- | ---: |\n";
  for (const journal::FaultRow& fault : numbers.faults) {
    text += fmt::format("| {} | {} | {} |\n", code_span(fault.reason, true, k_name_max),
                        code_span(fault.message, true, k_name_max), fault.count);
  }
}

// "+1.2 points", "-0.0 points" never.
std::string points_text(double now, double median) {
  const double points = std::round((now - median) * 1000) / 10;
  return points == 0 ? "the same" : fmt::format("{:+.1f} points", points);
}

std::string change_text(double now, double median) {
  if (median <= 0) return "";
  const double percent = std::round((now - median) / median * 100);
  return percent == 0 ? "the same" : fmt::format("{:+.0f} %", percent);
}

void add_comparison(std::string& text, const Numbers& numbers, const History& before) {
  if (before.jobs.empty()) {
    text += "\nNo earlier job of this scope is in the journal: there is nothing to compare with.\n";
    return;
  }
  text += fmt::format(
      "\n**Against the last {} before it** ({})\n\n"
      "| | this job | median | of | change |\n| --- | ---: | ---: | ---: | ---: |\n",
      count_text(before.jobs.size(), "job", "jobs"),
      numbers.job.ci.empty() ? "same command in the same checkout"
      : before.same_branch   ? "same job and branch"
                             : "same job, any branch");
  if (const auto rate = numbers.all.hit_rate(); rate && before.hit_rate) {
    text += fmt::format("| hit rate | {} | {} | {} | {} |\n", percent_text(*rate),
                        percent_text(before.hit_rate->value), before.hit_rate->sample,
                        points_text(*rate, before.hit_rate->value));
  }
  const bool is_whole = numbers.commands_failed == 0 && numbers.commands_open == 0;
  if (is_whole && before.wall_us) {
    const auto wall_us = static_cast<double>(numbers.wall_us);
    text += fmt::format("| time | {:.2f} s | {:.2f} s | {} | {} |\n", wall_us / k_us_per_s,
                        before.wall_us->value / k_us_per_s, before.wall_us->sample,
                        change_text(wall_us, before.wall_us->value));
  } else {
    text += fmt::format("\nIts time is not compared: {}.\n",
                        is_whole ? "in each earlier job a command failed or has no end"
                                 : "a command of this job failed or has no end");
  }
}

}  // namespace

std::string code_span(std::string_view text, bool in_table, std::size_t length_max) {
  std::string clean = printable(text, length_max);
  std::string out = "`";
  for (const char c : clean) {
    if (c == '`')
      out += '\'';
    else if (c == '|' && in_table)
      out += "\\|";
    else
      out += c;
  }
  return out == "`" ? "" : out + "`";
}

std::string numbers_markdown(const Numbers& numbers) {
  std::string text;
  add_heading(text, numbers);
  add_saved(text, numbers);
  if (!numbers.kinds.empty()) {
    text +=
        "\n| kind | lookups | hit rate | local | remote | reused | missed | given |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  }
  for (const auto& [name, tally] : numbers.kinds) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", name, tally.lookups(),
                        rate_text(tally), tally.local, tally.remote, tally.reused, tally.missed,
                        format_size(tally.bytes));
  }
  if (!numbers.scopes.empty()) text += "\n| scope | hits | given |\n| --- | ---: | ---: |\n";
  for (const auto& [name, tally] : numbers.scopes) {
    text += fmt::format("| {} | {} | {} |\n", name, tally.hits(), format_size(tally.bytes));
  }
  add_causes(text, numbers);
  add_longest(text, numbers);
  return text;
}

std::string report_markdown(const Numbers& numbers, const Explanation& explanation,
                            const History& before) {
  std::string text;
  add_heading(text, numbers);
  add_saved(text, numbers);
  add_causes(text, numbers);
  text += why_markdown(explanation);
  add_longest(text, numbers);
  add_comparison(text, numbers, before);
  return text;
}

}  // namespace sluice::insight
