#include "cli/why_words.hpp"

#include "base/strings.hpp"
#include "gotool/modules.hpp"
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
using insight::time_text;

constexpr std::size_t k_packages_shown = 5;
constexpr std::size_t k_words_shown = 100;

// How the commands of a job ended, where that was not well.
std::string end_text(const std::vector<journal::CommandRow>& commands) {
  std::size_t failed = 0;
  std::size_t open = 0;
  for (const auto& command : commands) {
    if (!command.duration_us)
      ++open;
    else if (command.ending() == journal::Ending::bad)
      ++failed;
  }
  const auto& last = commands.back();
  if (commands.size() == 1 && failed == 1) {
    return last.signal != 0 ? fmt::format("; killed by signal {}", last.signal)
                            : fmt::format("; exit status {}", last.exit_status);
  }
  std::string text;
  if (failed > 0) text += fmt::format("; {} failed", failed);
  if (open > 0) text += commands.size() == 1 ? "; not ended" : fmt::format("; {} not ended", open);
  return text;
}

}  // namespace

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

std::string way_text(const std::vector<std::string>& through) {
  std::vector<std::string> names;
  for (const std::string& name : through) names.push_back(printable(name));
  return join(names, " <- ");
}

std::string also_text(const std::vector<insight::Upstream>& also, std::size_t more) {
  std::string text;
  for (const insight::Upstream& one : also) {
    text += fmt::format("    and {}{}{}\n", causes_text(one.causes),
                        one.through.empty() ? "" : ", in " + way_text(one.through),
                        proof_text(one.is_proven));
  }
  if (more > 0) text += fmt::format("    and for {} other reasons\n", more);
  return text;
}

// The last of go's; sluice's own say little of a job.
const journal::CommandRow& told_command(const std::vector<journal::CommandRow>& commands) {
  const auto last = std::find_if(commands.rbegin(), commands.rend(), [](const auto& command) {
    return !command.words.empty() && command.words.front() != "sluice";
  });
  return last == commands.rend() ? commands.back() : *last;
}

std::string header_text(const journal::JobRow& job,
                        const std::vector<journal::CommandRow>& commands) {
  std::string text = name_of(job);
  std::uint64_t duration_us = 0;
  for (const auto& one : commands) {
    duration_us += one.duration_us.value_or(0);
  }
  if (!commands.empty()) {
    const auto& command = told_command(commands);
    text += ": " + printable(join(command.words, " "), k_words_shown);
    if (commands.size() > 1) {
      text += fmt::format(" and {} more", commands.size() - 1);
    }
    text += fmt::format(
        " ({}{}, {}{})", command.go_version.empty() ? "" : printable(command.go_version) + ", ",
        time_text(job.first_us), insight::seconds_text(duration_us), end_text(commands));
  }
  return text + "\n";
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

Json json_of(const std::vector<Cause>& causes) {
  JsonArray list;
  for (const Cause& cause : causes) {
    list.emplace_back(JsonObject{{"kind", cause.kind}, {"text", cause.text}});
  }
  return list;
}

Json json_of(const std::vector<insight::Upstream>& also) {
  JsonArray list;
  for (const insight::Upstream& one : also) {
    list.emplace_back(JsonObject{{"causes", json_of(one.causes)},
                                 {"root", one.root},
                                 {"through", json_of(one.through)},
                                 {"proven", one.is_proven},
                                 {"against", json_of(one.against)}});
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

std::string directory_path(const sys::Environment& env, const sys::Path& directory) {
  for (const gotool::MainModule& module : gotool::main_modules(env, directory)) {
    const sys::Path relative = directory.lexically_relative(module.root);
    if (relative.empty() || *relative.begin() == "..") continue;
    return relative == "." ? module.path : module.path + "/" + relative.native();
  }
  return {};
}

std::string import_pattern(std::string_view word, std::string_view directory_path) {
  if (!word.starts_with('.')) return std::string(word);
  const sys::Path path = (sys::Path(directory_path) / word).lexically_normal();
  std::string text = path.native();
  while (text.ends_with('/')) text.pop_back();
  return directory_path.empty() || text.starts_with("..") ? std::string(word) : text;
}

std::vector<std::string> import_patterns(const std::vector<std::string>& words,
                                         const sys::Environment& env, const sys::Path& directory) {
  std::vector<std::string> patterns;
  if (words.empty()) return patterns;
  const std::string here = directory_path(env, directory);
  for (const std::string& word : words) patterns.push_back(import_pattern(word, here));
  return patterns;
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

}  // namespace sluice::cli
