#include "runner/class_run.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::runner {
namespace {

constexpr auto k_end_max = std::chrono::seconds(5);  // once it was told to end
constexpr std::size_t k_said_max = 64U << 10U;
constexpr std::uint64_t k_variables_bytes_max = 64U << 10U;

std::string_view word_of(const ClassGate::Step& step) {
  return step.is_set_up ? "set-up" : "tear-down";
}

}  // namespace

Result<Variables> read_variables(std::string_view text) {
  Variables variables;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || line.starts_with('#')) continue;
    const std::size_t equals = line.find('=');
    const bool is_right = equals != std::string_view::npos &&
                          is_variable_name(line.substr(0, equals)) &&
                          line.find_first_of(std::string_view("\0\r", 2)) == std::string_view::npos;
    if (!is_right) {
      return fail(Code::invalid,
                  fmt::format("line {} is no NAME=VALUE: \"{}\"", number, printable(line, 80)));
    }
    variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

// What a set-up has left for its tests.
Result<Variables> ClassRun::given_by(ClassNumber number) const {
  const sys::Path file = variables_file(number);
  TRY_ASSIGN(const auto info, sys::stat_file(file));
  if (!info) return Variables();
  if (!info->is_regular()) return fail(Code::invalid, "is no file any more");
  TRY_ASSIGN(const auto bytes, sys::read_file(file, k_variables_bytes_max));
  return read_variables(bytes ? text_of(*bytes) : "");
}

sys::Path ClassRun::variables_file(ClassNumber number) const {
  return place_.scratch / fmt::format("class-{}.env", number);
}

void ClassRun::over(const PackagePlan& plan, bool has_failed) {
  gate_.over(plan, has_failed);
  start_due();
}

ClassGate::Answer ClassRun::ask(const PackagePlan& plan) {
  auto answer = gate_.ask(plan);
  start_due();
  return answer;
}

void ClassRun::close() {
  gate_.close();
  start_due();
}

Variables ClassRun::variables_of(const PackagePlan& plan) const {
  Variables variables;
  for (const ClassNumber number : plan.classes) {
    variables.insert(variables.end(), given_[number].begin(), given_[number].end());
  }
  return variables;
}

void ClassRun::signal(int number) {
  for (const Active& active : active_) {
    if (active.process && active.step.is_set_up) active.process->signal_all(number);
  }
}

void ClassRun::start_due() {
  for (const ClassGate::Step& step : gate_.due()) start(step);
}

// A set-up ends at the first of its commands that fails; of a tear-down each is tried.
void ClassRun::start(const ClassGate::Step& step) {
  const TestClass& rules = rules_.classes[step.number];
  TestCommand command;
  command.program = "/bin/sh";
  command.arguments = {"sh", step.is_set_up ? "-ec" : "-c",
                       join(step.is_set_up ? rules.set_up : rules.tear_down, "\n")};
  command.environment = place_.env;
  for (const auto& [name, value] : rules.env) command.environment.set(name, value);
  for (const auto& [name, value] : given_[step.number]) command.environment.set(name, value);
  command.environment.set("SLUICE_CLASS", rules.name);
  command.environment.set("SLUICE_ENV", variables_file(step.number).native());
  command.directory = place_.directory;
  command.quit_after = k_set_up_max;
  command.wait_delay = k_end_max;
  Active& active = active_[step.number];
  active.step = step;
  active.said.clear();
  auto process = TestProcess::start(
      loop_, command,
      [&active](std::string_view piece) {
        if (active.said.size() < k_said_max) active.said += piece;
      },
      [this, number = step.number](const TestEnd& end) { ended(number, end); });
  if (process) {
    active.process = std::move(*process);
    return;
  }
  // Behind whoever is in the middle of something.
  loop_.post([this, step, why = process.error().message] {
    failed(step, why, "");
    gate_.ran(step, false);
    told_.changed();
  });
}

void ClassRun::ended(ClassNumber number, const TestEnd& end) {
  Active& active = active_[number];
  active.process.reset();
  const ClassGate::Step step = active.step;
  bool has_passed = end.status.success();
  if (!has_passed) {
    failed(step,
           end.was_told_to_quit ? "it took longer than 10 minutes" : failure_words(end.status),
           active.said);
  }
  if (step.is_set_up) {  // one that failed may have left something to tear down
    auto given = given_by(number);
    if (given) given_[number] = std::move(*given);
    if (!given && has_passed) {
      has_passed = false;
      failed(step, "SLUICE_ENV: " + given.error().message, "");
    }
  }
  gate_.ran(step, has_passed);
  start_due();
  told_.changed();
}

void ClassRun::failed(const ClassGate::Step& step, const std::string& why, std::string_view said) {
  told_.tell(fmt::format("the {} of class {} failed: {}", word_of(step),
                         rules_.classes[step.number].name, why));
  for (const std::string_view line : split(trim(said), '\n')) {
    if (!line.empty()) told_.tell(fmt::format("  {}", line));
  }
}

}  // namespace sluice::runner
