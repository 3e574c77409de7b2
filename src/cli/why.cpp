#include "cli/why.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "gotool/modules.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>

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
constexpr std::size_t k_packages_shown = 5;
constexpr std::size_t k_tests_shown = 50;
constexpr std::size_t k_words_shown = 100;

std::string seconds_text(std::uint64_t span_us) {
  return format_seconds(std::chrono::milliseconds((span_us + 500) / 1000));
}

std::string time_text(journal::Micros at_us) {
  const std::time_t seconds = at_us / 1'000'000;
  std::tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return "";
  return fmt::format("{:%Y-%m-%d %H:%M}", local);
}

std::string name_of(const journal::JobRow& job) {
  std::string text = fmt::format("job {}", job.id);
  if (!job.ci.empty()) text += fmt::format(" ({})", printable(job.uid));
  return text;
}

std::string against_text(const std::optional<insight::Against>& against) {
  if (!against) return "";
  if (against->job != 0) return fmt::format("job {}, {}", against->job, time_text(against->at_us));
  return fmt::format("{}, {}", against->source.empty() ? "the store" : printable(against->source),
                     time_text(against->at_us));
}

std::string causes_text(const std::vector<Cause>& causes) {
  if (causes.empty()) return "not known";
  std::vector<std::string> texts;
  for (const Cause& cause : causes) texts.push_back(cause.text);
  return join(texts, "; ");
}

std::string_view proof_text(bool is_proven) { return is_proven ? "" : " (not proven)"; }

std::string some_of(const std::vector<std::string>& names, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < names.size() && i < from + k_packages_shown; ++i) {
    text += (i == from ? "" : ", ") + printable(names[i]);
  }
  if (names.size() > from + k_packages_shown) {
    text += fmt::format(" and {} more", names.size() - from - k_packages_shown);
  }
  return text;
}

std::string group_text(const Group& group) {
  const bool has_root = !group.root.empty();
  std::string text = fmt::format("{}{}{}\n", has_root ? printable(group.root) + ": " : "",
                                 causes_text(group.causes), proof_text(group.is_proven));
  const std::size_t others = group.packages.size() - (has_root ? 1 : 0);
  if (has_root && others > 0) {
    text += fmt::format("    and because of it {} more: {}\n", others, some_of(group.packages, 1));
  } else if (!has_root) {
    text += fmt::format("    {} {}: {}\n", others, others == 1 ? "package" : "packages",
                        some_of(group.packages, 0));
  }
  const std::string against = against_text(group.against);
  if (!against.empty()) text += fmt::format("    compared with {}\n", against);
  return text;
}

std::string way_text(const std::vector<std::string>& through) {
  std::vector<std::string> names;
  for (const std::string& name : through) names.push_back(printable(name));
  return join(names, " <- ");
}

std::string test_text(const TestWhy& test) {
  if (test.is_hit()) {
    return fmt::format("{}: cached{}\n", printable(test.package),
                       test.answer == journal::Answer::reused ? ", by content" : "");
  }
  std::string text = fmt::format("{}: {}{}\n", printable(test.package), causes_text(test.causes),
                                 proof_text(test.is_proven));
  if (!test.through.empty()) text += fmt::format("    in {}\n", way_text(test.through));
  return text;
}

std::string package_text(const PackageWhy& package) {
  if (package.is_hit()) {
    return fmt::format("{}: there, {}\n", printable(package.package),
                       package.answer == journal::Answer::remote ? "from the store" : "local");
  }
  std::string text = fmt::format("{}: compiled ({}): {}{}\n", printable(package.package),
                                 seconds_text(package.cost_us), causes_text(package.causes),
                                 proof_text(package.is_proven));
  if (!package.through.empty()) text += fmt::format("    in {}\n", way_text(package.through));
  const std::string against = against_text(package.against);
  if (!against.empty()) text += fmt::format("    compared with {}\n", against);
  return text;
}

std::string header_text(const Explanation& explanation) {
  std::string text = name_of(explanation.job);
  std::uint64_t duration_us = 0;
  for (const auto& command : explanation.commands) {
    duration_us += command.duration_us.value_or(0);
  }
  if (!explanation.commands.empty()) {
    const auto& command = explanation.commands.back();
    text += ": " + printable(join(command.words, " "), k_words_shown);
    if (explanation.commands.size() > 1) {
      text += fmt::format(" and {} more", explanation.commands.size() - 1);
    }
    text += fmt::format(" ({}{}, {})", command.go_version.empty() ? "" : command.go_version + ", ",
                        time_text(explanation.job.first_us), seconds_text(duration_us));
  }
  return text + "\n";
}

std::string counts_text(const Explanation& explanation) {
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
                     compiled, explanation.packages.size(), seconds_text(cost_us), ran,
                     explanation.tests.size());
}

Json json_of(const std::vector<Cause>& causes) {
  JsonArray list;
  for (const Cause& cause : causes) {
    list.emplace_back(JsonObject{{"kind", cause.kind}, {"text", cause.text}});
  }
  return list;
}

Json json_of(const std::vector<std::string>& names) {
  return JsonArray(names.begin(), names.end());
}

Json json_of(const std::optional<insight::Against>& against) {
  if (!against) return {};
  return JsonObject{{"job", against->job == 0 ? Json() : Json(against->job)},
                    {"source", against->source},
                    {"time_us", against->at_us}};
}

std::string_view answer_name(journal::Answer answer) {
  switch (answer) {
    case journal::Answer::local: return "local";
    case journal::Answer::remote: return "remote";
    case journal::Answer::missed: return "missed";
    case journal::Answer::reused: return "reused";
    case journal::Answer::refused: return "refused";
  }
  return "missed";
}

// Where "./" is, as an import path; empty outside of every main module.
std::string directory_path(const sys::Environment& env, const sys::Path& directory) {
  for (const gotool::MainModule& module : gotool::main_modules(env, directory)) {
    const sys::Path relative = directory.lexically_relative(module.root);
    if (relative.empty() || *relative.begin() == "..") continue;
    return relative == "." ? module.path : module.path + "/" + relative.native();
  }
  return {};
}

// Leaves only what was asked for.
Result<void> narrow(Explanation& explanation, const std::vector<std::string>& words,
                    const std::vector<std::string>& patterns) {
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
    return fail(Code::invalid,
                fmt::format("why: no package {} in {}; it has {}", printable(words[i]),
                            name_of(explanation.job),
                            names.empty() ? "none that was compiled" : some_of(names, 0)));
  }
  const auto is_other = [&patterns](const auto& item) { return !matches(item.package, patterns); };
  std::erase_if(explanation.packages, is_other);
  std::erase_if(explanation.tests, is_other);
  std::erase_if(explanation.groups, [&patterns](const Group& group) {
    return std::ranges::none_of(group.packages, [&patterns](const std::string& package) {
      return matches(package, patterns);
    });
  });
  return {};
}

}  // namespace

std::string import_pattern(std::string_view word, std::string_view directory_path) {
  if (!word.starts_with('.')) return std::string(word);
  const sys::Path path = (sys::Path(directory_path) / word).lexically_normal();
  std::string text = path.native();
  while (text.ends_with('/')) text.pop_back();
  return directory_path.empty() || text.starts_with("..") ? std::string(word) : text;
}

bool matches(std::string_view package, const std::vector<std::string>& patterns) {
  const std::string_view path = package.substr(0, package.find(" ["));
  constexpr std::string_view k_all_below = "/...";
  return std::ranges::any_of(patterns, [path, k_all_below](std::string_view pattern) {
    if (pattern == "all" || pattern == "...") return true;
    if (!pattern.ends_with(k_all_below)) {
      // Its test binary and external tests are asked for with it.
      return path == pattern || path == std::string(pattern) + ".test" ||
             path == std::string(pattern) + "_test";
    }
    const std::string_view root = pattern.substr(0, pattern.size() - k_all_below.size());
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/' ||
                                      path[root.size()] == '.' || path[root.size()] == '_');
  });
}

std::string why_text(const Explanation& explanation) {
  std::string text = header_text(explanation) + counts_text(explanation);
  for (std::size_t i = 0; i < explanation.groups.size() && i < k_groups_shown; ++i) {
    text += "\n" + group_text(explanation.groups[i]);
  }
  if (explanation.groups.size() > k_groups_shown) {
    text += fmt::format("\nand {} causes more: name packages, or --json\n",
                        explanation.groups.size() - k_groups_shown);
  }
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
  std::string text = header_text(explanation);
  for (const PackageWhy& package : explanation.packages) text += "\n" + package_text(package);
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
                                     {"against", json_of(package.against)}});
  }
  JsonArray tests;
  for (const TestWhy& test : explanation.tests) {
    tests.emplace_back(JsonObject{{"package", test.package},
                                  {"answer", answer_name(test.answer)},
                                  {"test_us", test.test_us},
                                  {"causes", json_of(test.causes)},
                                  {"through", json_of(test.through)},
                                  {"proven", test.is_proven}});
  }
  JsonArray groups;
  for (const Group& group : explanation.groups) {
    groups.emplace_back(JsonObject{{"root", group.root},
                                   {"causes", json_of(group.causes)},
                                   {"packages", json_of(group.packages)},
                                   {"compile_us", group.cost_us},
                                   {"proven", group.is_proven},
                                   {"against", json_of(group.against)}});
  }
  JsonArray faults;
  for (const journal::FaultRow& fault : explanation.faults) {
    faults.emplace_back(
        JsonObject{{"reason", fault.reason}, {"message", fault.message}, {"count", fault.count}});
  }
  JsonArray commands;
  for (const journal::CommandRow& command : explanation.commands) {
    commands.emplace_back(
        JsonObject{{"words", json_of(command.words)},
                   {"go_version", command.go_version},
                   {"time_us", command.at_us},
                   {"duration_us", command.duration_us ? Json(*command.duration_us) : Json()},
                   {"exit_status", command.exit_status}});
  }
  return JsonObject{{"job", explanation.job.id},       {"uid", explanation.job.uid},
                    {"commands", std::move(commands)}, {"groups", std::move(groups)},
                    {"packages", std::move(packages)}, {"tests", std::move(tests)},
                    {"faults", std::move(faults)}};
}

int run_why(const Invocation& invocation, const sys::Environment& env) {
  const auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  auto database = open_journal(*setup);
  if (!database) return report(std::move(database).error().in("why"));
  const auto job = chosen_job(*database, *setup, invocation.option_or("job", ""));
  if (!job) return report(Error{job.error()}.in("why"));
  std::optional<journal::JobRow> against;
  if (invocation.has("against")) {
    const auto other = journal::find_job(*database, invocation.option_or("against", ""));
    if (!other) return report(Error{other.error()}.in("why: --against"));
    against = *other;
  }
  auto explanation = insight::explain(*database, *job, against);
  if (!explanation) return report(std::move(explanation).error().in("why"));
  const std::vector<std::string>& words = invocation.operands;
  if (!words.empty()) {
    const std::string here = directory_path(env, setup->working_directory);
    std::vector<std::string> patterns;
    for (const std::string& word : words) patterns.push_back(import_pattern(word, here));
    if (const auto narrowed = narrow(*explanation, words, patterns); !narrowed) {
      return report(narrowed.error());
    }
  }
  if (invocation.has("json"))
    print(why_json(*explanation).dump() + "\n");
  else
    print(words.empty() ? why_text(*explanation) : why_packages_text(*explanation));
  return 0;
}

}  // namespace sluice::cli
