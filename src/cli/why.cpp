#include "cli/why.hpp"

#include "base/strings.hpp"
#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "cli/why_scope.hpp"
#include "cli/why_trace.hpp"
#include "cli/why_words.hpp"
#include "insight/wording.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cli {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using insight::Cause;
using insight::Explanation;
using insight::Group;
using insight::PackageWhy;
using insight::TestWhy;

constexpr std::size_t k_groups_shown = 20;
constexpr std::size_t k_tests_shown = 50;

std::string group_text(const Group& group) {
  const bool has_root = !group.root.empty();
  std::string text = fmt::format("{}{}{}\n", has_root ? printable(group.root) + ": " : "",
                                 causes_text(group.causes), proof_text(group.is_proven));
  // A root that the cache had is why others were compiled all the same.
  const bool is_root_made = has_root && group.packages.front() == group.root;
  const std::size_t others = group.packages.size() - (is_root_made ? 1 : 0);
  const std::string doubt = group.is_proven && group.unproven > 0
                                ? fmt::format(" ({} not proven)", group.unproven)
                                : std::string();
  if (others > 0) {
    text += is_root_made ? fmt::format("    and because of it {} more", others)
                         : fmt::format("    {}{} {}", has_root ? "because of it " : "", others,
                                       others == 1 ? "package" : "packages");
    text += fmt::format("{}: {}\n", doubt, some_of(group.packages, is_root_made ? 1 : 0));
  }
  const std::string against = against_text(group.against);
  if (!against.empty()) text += fmt::format("    compared with {}\n", against);
  return text;
}

std::string test_text(const TestWhy& test) {
  if (test.is_hit()) {
    return fmt::format("{}: cached{}\n", printable(test.package),
                       test.answer == journal::Answer::reused ? ", by content" : "");
  }
  std::string text = fmt::format("{}: {}{}\n", printable(test.package), causes_text(test.causes),
                                 proof_text(test.is_proven));
  if (!test.through.empty()) text += fmt::format("    in {}\n", way_text(test.through));
  text += also_text(test.also, test.also_more);
  return text;
}

std::string package_text(const PackageWhy& package) {
  if (package.is_hit()) {
    return fmt::format("{}: there, {}\n", printable(package.package),
                       package.answer == journal::Answer::remote ? "from the store" : "local");
  }
  std::string text = fmt::format("{}: compiled ({}): {}{}\n", printable(package.package),
                                 insight::seconds_text(package.cost_us),
                                 causes_text(package.causes), proof_text(package.is_proven));
  if (!package.through.empty()) text += fmt::format("    in {}\n", way_text(package.through));
  text += also_text(package.also, package.also_more);
  const std::string against = against_text(package.against);
  if (!against.empty()) text += fmt::format("    compared with {}\n", against);
  return text;
}

// Those whose main packages say nothing of why.
std::string links_text(const Explanation& explanation) {
  std::string text;
  for (const insight::LinkWhy& link : explanation.links) {
    if (link.is_compiled) continue;
    if (text.empty()) text = "\nprograms linked, and not compiled\n";
    text += fmt::format("{}: linked ({}): {}{}\n", printable(link.package),
                        insight::seconds_text(link.link_us), causes_text(link.causes),
                        proof_text(link.is_proven));
  }
  return text;
}

// Plain go tells a cache of keys alone.
bool is_known_by_keys_alone(const Explanation& explanation) {
  return explanation.packages.empty() && explanation.tests.empty() && explanation.missed > 0;
}

std::string counts_text(const Explanation& explanation) {
  if (is_known_by_keys_alone(explanation)) {
    return fmt::format(
        "{} of {} lookups missed, and of which packages is not known: run `sluice "
        "go`, which records what is compiled, or `sluice why --trace` now\n",
        explanation.missed, explanation.lookups);
  }
  std::uint64_t compiled = 0;
  std::uint64_t cost_us = 0;
  for (const auto& package : explanation.packages) {
    if (package.is_hit()) continue;
    ++compiled;
    cost_us += package.cost_us;
  }
  const auto ran =
      std::ranges::count_if(explanation.tests, [](const TestWhy& test) { return !test.is_hit(); });
  return fmt::format("{} of {} packages compiled ({} of the compiler), {} of {} tests ran\n",
                     compiled, explanation.packages.size(), insight::seconds_text(cost_us), ran,
                     explanation.tests.size());
}

Json links_json(const std::vector<insight::LinkWhy>& links) {
  JsonArray list;
  for (const auto& link : links) {
    list.emplace_back(JsonObject{{"package", link.package},
                                 {"link_us", link.link_us},
                                 {"compiled", link.is_compiled},
                                 {"causes", json_of(link.causes)},
                                 {"proven", link.is_proven}});
  }
  return list;
}

// Leaves only what was asked for.
Result<void> narrow(Explanation& explanation, const std::vector<std::string>& words,
                    const std::vector<std::string>& patterns) {
  if (patterns.empty()) return {};
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::vector<std::string> one = {patterns[i]};
    const auto is_meant = [&one](const auto& item) { return matches(item.package, one); };
    if (std::ranges::any_of(explanation.packages, is_meant)) continue;
    if (std::ranges::any_of(explanation.tests, is_meant)) continue;
    std::vector<std::string> names;
    for (const auto& package : explanation.packages) {
      if (!package.is_hit()) names.push_back(package.package);
    }
    for (const auto& test : explanation.tests) names.push_back(test.package);
    return fail(Code::invalid, fmt::format("why: no package {} in {}; it has {}",
                                           printable(words[i]), name_of(explanation.job),
                                           names.empty() ? "none that is known to be compiled"
                                                         : some_of(names, 0)));
  }
  const auto is_other = [&patterns](const auto& item) { return !matches(item.package, patterns); };
  std::erase_if(explanation.packages, is_other);
  std::erase_if(explanation.tests, is_other);
  std::erase_if(explanation.links, is_other);
  std::erase_if(explanation.groups, [&patterns](const Group& group) {
    return std::ranges::none_of(group.packages, [&patterns](const std::string& package) {
      return matches(package, patterns);
    });
  });
  return {};
}

// The journal is closed again when this returns: who traces may take long.
Result<Explanation> explanation_of(const Invocation& invocation, const Setup& setup,
                                   std::optional<journal::JobRow>& against) {
  TRY_ASSIGN(auto database, open_journal(setup));
  TRY_ASSIGN(const auto job, chosen_job(database, setup, invocation.option_or("job", "")));
  if (invocation.has("against")) {
    auto other = journal::find_job(database, invocation.option_or("against", ""));
    if (!other) return std::unexpected(std::move(other).error().in("--against"));
    against = std::move(*other);
  }
  return insight::explain(database, job, against);
}

}  // namespace

std::string why_text(const Explanation& explanation) {
  std::string text = header_text(explanation.job, explanation.commands) + counts_text(explanation);
  for (std::size_t i = 0; i < explanation.groups.size() && i < k_groups_shown; ++i) {
    text += "\n" + group_text(explanation.groups[i]);
  }
  if (explanation.groups.size() > k_groups_shown) {
    text += fmt::format("\nand {} causes more: name packages, or --json\n",
                        explanation.groups.size() - k_groups_shown);
  }
  text += links_text(explanation);
  std::size_t shown = 0;
  std::size_t ran = 0;
  for (const TestWhy& test : explanation.tests) {
    if (test.is_hit() || ++ran > k_tests_shown) continue;
    text += (shown++ == 0 ? "\ntests that ran\n" : "") + test_text(test);
  }
  if (ran > k_tests_shown) text += fmt::format("and {} tests more\n", ran - k_tests_shown);
  for (const journal::FaultRow& fault : explanation.faults) {
    text += fmt::format("\nfault: {}: {}{}\n", fault.reason, printable(fault.message),
                        fault.count > 1 ? fmt::format(" ({} times)", fault.count) : "");
  }
  return text;
}

std::string why_packages_text(const Explanation& explanation) {
  std::string text = header_text(explanation.job, explanation.commands);
  for (const PackageWhy& package : explanation.packages) text += "\n" + package_text(package);
  text += links_text(explanation);
  if (!explanation.tests.empty()) text += "\ntests\n";
  for (const TestWhy& test : explanation.tests) text += test_text(test);
  return text;
}

Json why_json(const Explanation& explanation) {
  JsonArray packages;
  for (const PackageWhy& package : explanation.packages) {
    packages.emplace_back(JsonObject{{"package", package.package},
                                     {"answer", answer_name(package.answer)},
                                     {"compile_us", package.cost_us},
                                     {"causes", json_of(package.causes)},
                                     {"root", package.root},
                                     {"through", json_of(package.through)},
                                     {"proven", package.is_proven},
                                     {"against", json_of(package.against)},
                                     {"also", json_of(package.also)},
                                     {"also_more", package.also_more}});
  }
  JsonArray tests;
  for (const TestWhy& test : explanation.tests) {
    tests.emplace_back(JsonObject{{"package", test.package},
                                  {"answer", answer_name(test.answer)},
                                  {"test_us", test.test_us},
                                  {"causes", json_of(test.causes)},
                                  {"through", json_of(test.through)},
                                  {"proven", test.is_proven},
                                  {"also", json_of(test.also)},
                                  {"also_more", test.also_more}});
  }
  JsonArray groups;
  for (const Group& group : explanation.groups) {
    groups.emplace_back(JsonObject{{"root", group.root},
                                   {"causes", json_of(group.causes)},
                                   {"packages", json_of(group.packages)},
                                   {"compile_us", group.cost_us},
                                   {"proven", group.is_proven},
                                   {"unproven", group.unproven},
                                   {"against", json_of(group.against)}});
  }
  JsonArray faults;
  for (const journal::FaultRow& fault : explanation.faults) {
    faults.emplace_back(
        JsonObject{{"reason", fault.reason}, {"message", fault.message}, {"count", fault.count}});
  }
  JsonArray commands;
  for (const journal::CommandRow& command : explanation.commands) {
    commands.emplace_back(JsonObject{
        {"words", json_of(command.words)},
        {"go_version", command.go_version},
        {"time_us", command.at_us},
        {"duration_us", command.duration_us ? Json(*command.duration_us) : Json()},
        {"exit_status",
         command.ending() == journal::Ending::unknown ? Json() : Json(command.exit_status)}});
  }
  return JsonObject{{"job", explanation.job.id},
                    {"uid", explanation.job.uid},
                    {"commands", std::move(commands)},
                    {"groups", std::move(groups)},
                    {"packages", std::move(packages)},
                    {"tests", std::move(tests)},
                    {"links", links_json(explanation.links)},
                    {"lookups", explanation.lookups},
                    {"missed", explanation.missed},
                    {"faults", std::move(faults)}};
}

int run_why(const Invocation& invocation, const sys::Environment& env) {
  if (const auto other = option_beside_scope(invocation); !other.empty()) {
    return report(Error{Code::invalid, fmt::format("why: --scope does not go with {}", other)});
  }
  const auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  if (invocation.has("scope")) return run_why_scope(invocation, *setup, env);
  TraceRequest request;
  auto explanation = explanation_of(invocation, *setup, request.against);
  if (!explanation) return report(std::move(explanation).error().in("why"));
  const std::vector<std::string>& words = invocation.operands;
  auto patterns = import_patterns(words, env, setup->working_directory);
  if (invocation.has("trace")) {
    request.explanation = std::move(*explanation);
    request.words = words;
    request.patterns = std::move(patterns);
    request.json = invocation.has("json");
    return run_why_trace(*setup, request, env);
  }
  if (const auto narrowed = narrow(*explanation, words, patterns); !narrowed) {
    return report(narrowed.error());
  }
  if (invocation.has("json"))
    print(why_json(*explanation).dump() + "\n");
  else
    print(words.empty() ? why_text(*explanation) : why_packages_text(*explanation));
  return 0;
}

}  // namespace sluice::cli
