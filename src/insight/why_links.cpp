#include "insight/why_links.hpp"

#include "base/strings.hpp"
#include "insight/build_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::string_view k_test_suffix = ".test";
constexpr std::size_t k_value_shown = 80;

// Flags that go's key of a link has, and with -trimpath no package's.
constexpr auto k_link_flags = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"ldflags", "ld_flags"}, {"buildmode", "build_mode"}});
// And those that stand in a program's build information.
constexpr auto k_program_flags = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"tags", "tags"}, {"ldflags", "ld_flags"}, {"buildmode", "build_mode"}});

std::string value_text(const std::optional<GivenFlag>& given) {
  if (!given) return "not set";
  return given->value.empty() ? "empty" : printable(given->value, k_value_shown);
}

template <class Flags>
std::vector<Cause> causes_of_flags(const std::vector<journal::CommandRow>& before,
                                   const std::vector<journal::CommandRow>& after,
                                   const Flags& flags) {
  std::vector<Cause> causes;
  for (const auto& [name, kind] : flags) {
    const FlagOfJob was = flag_of(before, name);
    const FlagOfJob is = flag_of(after, name);
    if (!was.is_known || !is.is_known || was.given == is.given) continue;
    const auto& told = is.given ? is.given : was.given;
    causes.push_back({std::string(kind),
                      fmt::format("-{}: {} -> {}{}", name, value_text(was.given),
                                  value_text(is.given), told->is_by_goflags ? " (GOFLAGS)" : "")});
  }
  return causes;
}

Result<void> explain_alone(journal::Database& database, const Explanation& result,
                           const journal::LinkRow& link, LinkWhy& why) {
  TRY_ASSIGN(const auto last,
             journal::last_link_of(database, link.package, result.job.id, result.job.first_us));
  if (!last) {
    why.is_proven = true;
    why.causes = {{"never-linked", "no earlier link of this program is known here"}};
    return {};
  }
  TRY_ASSIGN(const auto before, journal::commands_of(database, last->job));
  why.causes = causes_of_flags(before, result.commands, k_link_flags);
  if (!why.causes.empty()) return {};
  const bool has_compiled =
      std::ranges::any_of(result.packages, [](const PackageWhy& one) { return !one.is_hit(); });
  why.causes = {{"relinked", has_compiled
                                 ? "a package in it is another one, and its main package is not"
                                 : "linked before from the same main package, and the program "
                                   "is not kept"}};
  return {};
}

}  // namespace

std::vector<Cause> causes_of_unlinked(const std::vector<journal::CommandRow>& before,
                                      const std::vector<journal::CommandRow>& after) {
  auto causes = causes_of_flags(before, after, k_program_flags);
  if (causes.empty()) {
    causes.push_back({"build_info",
                      "its build information (flags, version control, modules), of which nothing "
                      "is known: it was never linked"});
  }
  return causes;
}

Result<void> explain_links(journal::Database& database, Explanation& result) {
  TRY_ASSIGN(const auto rows, journal::links_in(database, result.job.id));
  std::map<std::string, journal::LinkRow> links;
  for (const journal::LinkRow& row : rows) {
    const bool is_made = row.answer == journal::Answer::missed;
    if (is_made && !row.package.ends_with(k_test_suffix)) links[row.package] = row;
  }
  for (const auto& [package, row] : links) {
    LinkWhy why;
    why.package = package;
    why.link_us = row.link_us;
    const auto main = std::ranges::find(result.packages, package, &PackageWhy::package);
    if (main != result.packages.end() && !main->is_hit()) {
      why.is_compiled = true;
      why.causes = main->causes;
      why.is_proven = main->is_proven;
    } else {
      TRY(explain_alone(database, result, row, why));
    }
    result.links.push_back(std::move(why));
  }
  return {};
}

}  // namespace sluice::insight
