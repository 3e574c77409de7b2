#include "insight/why_numbers.hpp"

#include "base/strings.hpp"
#include "insight/numbers_markdown.hpp"
#include "insight/wording.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::insight {
namespace {

constexpr std::size_t k_groups_shown = 10;
constexpr std::size_t k_tests_shown = 10;
constexpr std::size_t k_causes_shown = 3;

// With what is not proven marked as such.
std::string causes_text(const std::vector<Cause>& causes, bool is_proven) {
  if (causes.empty()) return "not known";
  std::vector<std::string> texts;
  for (const Cause& cause : causes) {
    if (texts.size() == k_causes_shown) {
      texts.push_back(fmt::format("and {} more", causes.size() - texts.size()));
      break;
    }
    texts.push_back(code_span(cause.text));
  }
  return join(texts, "; ") + (is_proven ? "" : " (not proven)");
}

void add_more(std::string& text, std::size_t all, std::size_t shown) {
  if (all > shown) text += fmt::format("\nand {} more: `sluice why`.\n", all - shown);
}

}  // namespace

void explain_misses(Numbers& numbers, const Explanation& explanation) {
  std::vector<ReasonCount> found;
  for (const PackageWhy& package : explanation.packages) {
    if (package.is_hit() || !package.is_proven || package.causes.empty()) continue;
    // "Never built" says no more than "never seen" does.
    std::string reason = package.causes.front().kind;
    if (reason == "never-built") continue;
    if (!package.through.empty()) reason = k_reason_upstream;
    const auto at = std::ranges::find(found, reason, &ReasonCount::reason);
    if (at == found.end())
      found.push_back({std::move(reason), 1});
    else
      ++at->count;
  }
  numbers.split_new("archive", found);
}

Result<ExplainedNumbers> explained_numbers(journal::Database& database,
                                           const journal::JobRow& job) {
  TRY_ASSIGN(auto numbers, numbers_of(database, job));
  TRY_ASSIGN(auto explanation, explain(database, job, std::nullopt));
  explain_misses(numbers, explanation);
  return ExplainedNumbers{std::move(numbers), std::move(explanation)};
}

std::string why_markdown(const Explanation& explanation) {
  std::string text;
  if (!explanation.groups.empty()) {
    text += "\n| packages compiled | compile time | because |\n| ---: | ---: | --- |\n";
    for (std::size_t i = 0; i < std::min(explanation.groups.size(), k_groups_shown); ++i) {
      const Group& group = explanation.groups[i];
      const std::string root = group.root.empty() ? "" : code_span(group.root) + ": ";
      text +=
          fmt::format("| {} | {} | {}{} |\n", group.packages.size(), seconds_text(group.cost_us),
                      root, causes_text(group.causes, group.is_proven));
    }
    add_more(text, explanation.groups.size(), k_groups_shown);
  }
  std::vector<const TestWhy*> ran;
  for (const TestWhy& test : explanation.tests) {
    if (!test.is_hit()) ran.push_back(&test);
  }
  if (ran.empty()) return text;
  text += "\n| tests that ran | because |\n| --- | --- |\n";
  for (std::size_t i = 0; i < std::min(ran.size(), k_tests_shown); ++i) {
    text += fmt::format("| {} | {} |\n", code_span(ran[i]->package),
                        causes_text(ran[i]->causes, ran[i]->is_proven));
  }
  add_more(text, ran.size(), k_tests_shown);
  return text;
}

}  // namespace sluice::insight
