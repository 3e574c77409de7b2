#include "insight/setup_gitlab.hpp"

#include "base/strings.hpp"
#include "codec/yaml.hpp"
#include "insight/setup_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace sluice::insight {
namespace {

using codec::YamlMember;
using codec::YamlNode;

constexpr std::string_view k_before = "before_script";
constexpr std::string_view k_after = "after_script";
constexpr auto k_no_jobs = std::to_array<std::string_view>(
    {"default", "include", "stages", "variables", "workflow", "spec", "image", "services", "cache",
     "before_script", "after_script"});

bool says(const YamlNode& script, std::string_view words) {
  return script.text.find(words) != std::string::npos ||
         std::ranges::any_of(script.items,
                             [words](const YamlNode& item) { return says(item, words); });
}

bool is_job(const YamlMember& member) {
  return member.value.is_mapping() && std::ranges::find(k_no_jobs, member.key) == k_no_jobs.end();
}

class Planner {
 public:
  Planner(std::string_view text, std::string_view file, const YamlNode& root)
      : lines_(text), file_(file), root_(root) {}

  Result<SetupPlan> plan() {
    for (const YamlMember& member : root_.members) {
      if (!is_job(member)) continue;
      if (!member.key.starts_with('.') && member.value.find("script") != nullptr) ++plan_.jobs;
      TRY(plan_scripts(member.value));
    }
    if (plan_.jobs == 0) {
      return fail(Code::invalid, fmt::format("{}:1: no job of it has a script", file_));
    }
    TRY(plan_scripts(root_));
    const YamlNode* defaults = root_.find("default");
    if (defaults != nullptr) TRY(plan_scripts(*defaults));
    TRY(plan_defaults(defaults));
    return std::move(plan_);
  }

 private:
  // Into the lists that are there: they hold in place of the defaults.
  Result<void> plan_scripts(const YamlNode& place) {
    if (const YamlNode* before = place.find(k_before); before != nullptr) {
      TRY(plan_list(k_before, *before, k_begin, k_begin_in_shell, true));
    }
    if (const YamlNode* after = place.find(k_after); after != nullptr) {
      TRY(plan_list(k_after, *after, k_end, k_end, false));
    }
    return {};
  }

  Result<void> plan_list(std::string_view keyword, const YamlNode& list, std::string_view words,
                         std::string_view line, bool first) {
    if (says(list, words)) return {};
    // One that is empty says that this job wants none.
    if (list.is_sequence() && list.items.empty()) return {};
    if (!list.is_sequence() || !trim(lines_.line(list.items.front().line)).starts_with("- ")) {
      return fail(Code::invalid,
                  fmt::format("{}:{}: {} is no list with a line for each command: make it one, or "
                              "put '{}' in by hand",
                              file_, list.line, keyword, line));
    }
    const std::string indent(lines_.indent(list.items.front().line));
    const std::uint32_t at = first ? lines_.with_comments_above(list.items.front().line)
                                   : lines_.end_of_block(list.items.back().line, indent.size()) + 1;
    plan_.insertions.push_back({at, fmt::format("{}- {}\n", indent, line)});
    return {};
  }

  // For the jobs that have no list of their own.
  Result<void> plan_defaults(const YamlNode* defaults) {
    const auto is_said = [&](std::string_view keyword) {
      return root_.find(keyword) != nullptr ||
             (defaults != nullptr && defaults->find(keyword) != nullptr);
    };
    const bool needs_before = !is_said(k_before);
    const bool needs_after = !is_said(k_after);
    if (!needs_before && !needs_after) return {};
    // Where one of them stands at the top, the old way, the other one does, too.
    if (root_.find(k_before) != nullptr || root_.find(k_after) != nullptr) {
      return put(first_job_line(), "", needs_before, needs_after, "\n");
    }
    if (defaults == nullptr) {
      return put(first_job_line(), "  ", needs_before, needs_after, "\n", "default:\n");
    }
    const YamlMember& first = defaults->members.front();
    const std::string indent(lines_.indent(first.key_line));
    if (indent.empty()) {
      return fail(Code::invalid,
                  fmt::format("{}:{}: 'default' is written in a form that is not changed here: "
                              "put '{}' in by hand",
                              file_, first.key_line, k_begin_in_shell));
    }
    return put(lines_.with_comments_above(first.key_line), indent, needs_before, needs_after, "");
  }

  Result<void> put(std::uint32_t at, std::string_view indent, bool before, bool after,
                   std::string_view gap, std::string_view head = "") {
    std::string text(head);
    if (before) text += fmt::format("{0}{1}:\n{0}  - {2}\n", indent, k_before, k_begin_in_shell);
    if (after) text += fmt::format("{0}{1}:\n{0}  - {2}\n", indent, k_after, k_end);
    plan_.insertions.push_back({at, text + std::string(gap)});
    return {};
  }

  std::uint32_t first_job_line() const {
    std::uint32_t line = lines_.count() + 1;
    for (const YamlMember& member : root_.members) {
      if (is_job(member)) line = std::min(line, member.key_line);
    }
    return lines_.with_comments_above(line);
  }

  const TextLines lines_;
  std::string_view file_;
  const YamlNode& root_;
  SetupPlan plan_;
};

}  // namespace

Result<SetupPlan> plan_gitlab(std::string_view text, std::string_view file) {
  TRY_ASSIGN(const auto documents, codec::parse_yaml(text, file));
  if (documents.empty() || !documents.back().is_mapping()) {
    return fail(Code::invalid, fmt::format("{}:1: no pipeline: it has no jobs", file));
  }
  return Planner(text, file, documents.back()).plan();
}

}  // namespace sluice::insight
