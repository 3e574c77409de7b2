#include "insight/setup_github.hpp"

#include "base/strings.hpp"
#include "codec/yaml.hpp"
#include "insight/ci_github.hpp"
#include "insight/go_uses.hpp"
#include "insight/setup_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace sluice::insight {
namespace {

using codec::YamlMember;
using codec::YamlNode;

// Actions that start go, or are there for it.
constexpr auto k_go_actions = std::to_array<std::string_view>(
    {"actions/setup-go", "golangci/golangci-lint-action", "goreleaser/goreleaser-action",
     "ko-build/setup-ko", "magefile/mage-action", "securego/gosec", "golang/govulncheck-action"});
// Commands that start go.
constexpr auto k_go_starters = std::to_array<std::string_view>(
    {"make", "golangci-lint", "ko", "goreleaser", "mage", "gotestsum", "staticcheck", "task"});

std::string action_name(std::string_view uses) { return to_lower(uses.substr(0, uses.find('@'))); }

bool names_sluice(std::string_view uses) {
  const std::string name = action_name(uses);
  return name == "sluice" || name.ends_with("/sluice");
}

enum class Runner { linux, elsewhere, either };

// By the labels of runs-on; one that is computed (a matrix) may be anything.
Runner runner_of(const YamlNode* runs_on) {
  if (runs_on == nullptr) return Runner::linux;
  if (runs_on->is_mapping()) runs_on = runs_on->find("labels");
  if (runs_on == nullptr) return Runner::linux;
  const auto of_label = [](const YamlNode& label) {
    const std::string text = to_lower(label.text);
    if (text.find("${{") != std::string::npos) return Runner::either;
    const bool is_other =
        text.find("macos") != std::string::npos || text.find("windows") != std::string::npos;
    return is_other ? Runner::elsewhere : Runner::linux;
  };
  if (!runs_on->is_sequence()) return of_label(*runs_on);
  Runner runner = Runner::linux;
  for (const YamlNode& label : runs_on->items) {
    if (runner == Runner::linux) runner = of_label(label);
  }
  return runner;
}

// The jobs that start go, by what their steps say.
std::set<std::string> jobs_with_go(const Pipeline& pipeline) {
  std::set<std::string> jobs;
  for (const Use& use : pipeline.uses) {
    if (std::ranges::find(k_go_actions, use.action) != k_go_actions.end()) jobs.insert(use.job);
  }
  for (const PlacedCommand& placed : commands_of(pipeline)) {
    if (go_use_of(placed)) jobs.insert(placed.job);
    if (placed.command.words.empty()) continue;
    const std::string& word = placed.command.words.front().value;
    const std::string name = word.substr(word.rfind('/') + 1);
    if (std::ranges::find(k_go_starters, name) != k_go_starters.end()) jobs.insert(placed.job);
  }
  return jobs;
}

class Planner {
 public:
  Planner(std::string_view text, std::string_view file, std::string_view action)
      : lines_(text), file_(file), action_(action) {}

  Result<void> plan_job(const std::string& name, const YamlNode& steps, Runner runner) {
    if (!steps.is_sequence() || steps.items.empty()) return {};
    if (runner == Runner::elsewhere) {
      plan_.jobs_elsewhere.push_back(name);
      return {};
    }
    TRY(check_shape(name, steps));
    bool begins = false;
    bool ends = false;
    std::size_t after = 0;  // how many steps come before the one that begins
    for (std::size_t i = 0; i < steps.items.size(); ++i) {
      const YamlNode& step = steps.items[i];
      const std::string uses = step.text_or("uses", "");
      const std::string run = step.text_or("run", "");
      const std::string used = action_name(uses);
      begins = begins || run.find(k_begin) != std::string::npos || names_sluice(uses) ||
               (!action_.empty() && used == action_name(action_));
      ends = ends || run.find(k_end) != std::string::npos;
      if (used == "actions/checkout" || used == "actions/setup-go") after = i + 1;
    }
    const std::string indent(lines_.indent(steps.items.front().line));
    const bool is_conditional = runner == Runner::either;
    if (!begins) put_begin(steps, after, indent, is_conditional);
    if (!ends) {
      plan_.insertions.push_back(
          {lines_.end_of_block(steps.items.back().line, indent.size()) + 1,
           fmt::format("{0}- if: {1}\n{0}  run: {2}\n", indent,
                       is_conditional ? k_if_always_on_linux : k_if_always, k_end_anyway)});
    }
    ++plan_.jobs;
    return {};
  }

  SetupPlan take() { return std::move(plan_); }

 private:
  // Each step begins with its own dash, all at one column, one below the other.
  Result<void> check_shape(const std::string& name, const YamlNode& steps) const {
    const std::size_t column = lines_.indent(steps.items.front().line).size();
    std::uint32_t before = 0;
    for (const YamlNode& step : steps.items) {
      const bool is_plain = step.is_mapping() && step.line > before &&
                            trim(lines_.line(step.line)).starts_with("- ") &&
                            lines_.indent(step.line).size() == column;
      if (!is_plain) {
        return fail(Code::invalid,
                    fmt::format("{}:{}: the steps of '{}' are written in a form that is not "
                                "changed here: put '{}' and '{}' in by hand",
                                file_, step.line, printable(name, 60), k_begin, k_end));
      }
      before = step.line;
    }
    return {};
  }

  // Behind the step before it, so that comments above a step stay with it.
  void put_begin(const YamlNode& steps, std::size_t after, const std::string& indent,
                 bool is_conditional) {
    const std::uint32_t line =
        after == 0 ? lines_.with_comments_above(steps.items.front().line)
                   : lines_.end_of_block(steps.items[after - 1].line, indent.size()) + 1;
    std::string step =
        action_.empty() ? fmt::format("run: {}", k_begin) : fmt::format("uses: {}", action_);
    if (is_conditional) step = fmt::format("if: {}\n{}  {}", k_if_linux, indent, step);
    plan_.insertions.push_back({line, fmt::format("{}- {}\n", indent, step)});
  }

  const TextLines lines_;
  std::string_view file_;
  std::string_view action_;
  SetupPlan plan_;
};

}  // namespace

Result<SetupPlan> plan_github(std::string_view text, std::string_view file,
                              std::string_view action) {
  TRY_ASSIGN(const auto documents, codec::parse_yaml(text, file));
  const YamlNode* jobs = documents.empty() ? nullptr : documents.front().find("jobs");
  if (jobs == nullptr || !jobs->is_mapping()) {
    return fail(Code::invalid, fmt::format("{}:1: no workflow: it has no 'jobs'", file));
  }
  TRY_ASSIGN(const Pipeline pipeline, read_github(text, file));
  const std::set<std::string> wanted = jobs_with_go(pipeline);
  Planner planner(text, file, action);
  for (const YamlMember& job : jobs->members) {
    const YamlNode* steps = job.value.find("steps");
    if (steps != nullptr && wanted.contains(job.key)) {
      TRY(planner.plan_job(job.key, *steps, runner_of(job.value.find("runs-on"))));
    }
  }
  return planner.take();
}

}  // namespace sluice::insight
