#include "insight/setup_script.hpp"

#include "base/strings.hpp"
#include "insight/setup_words.hpp"
#include "insight/shell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace sluice::insight {
namespace {

std::string line_of(std::string_view words) { return std::string(words) + '\n'; }

constexpr std::string_view k_trap_line = "trap 'sluice ci end' EXIT\n";

bool is_shell(std::string_view first_line, bool may_say_nothing) {
  if (!first_line.starts_with("#!")) return may_say_nothing;
  for (const std::string_view shell : {"sh", "bash", "dash", "ksh", "zsh"}) {
    for (const std::string_view word : split(first_line.substr(2), ' ')) {
      if (word.substr(word.rfind('/') + 1) == shell) return true;
    }
  }
  return false;
}

// Behind the first comment and the `set` lines that follow it.
std::uint32_t line_behind_head(const TextLines& lines) {
  std::uint32_t next = 1;
  while (next <= lines.count() && lines.is_comment(next)) ++next;
  for (std::uint32_t number = next; number <= lines.count(); ++number) {
    const std::string_view text = trim(lines.line(number));
    if (text.starts_with("set -") || text.starts_with("set +") || text.starts_with("shopt "))
      next = number + 1;
    else if (!text.empty() && !lines.is_comment(number))
      break;
  }
  return next;
}

std::unexpected<Error> refuse_shell(std::string_view file) {
  return fail(Code::invalid, fmt::format("{}:1: no script of a shell like sh", file));
}

// The line of a trap for the end that is there already; 0 for none.
std::uint32_t line_of_exit_trap(std::string_view text) {
  for (const ShellCommand& command : shell_commands(text)) {
    if (command.words.size() < 3 || command.words.front().value != "trap") continue;
    const bool is_exit = std::ranges::any_of(command.words, [](const ShellWord& word) {
      return word.value == "EXIT" || word.value == "0";
    });
    if (is_exit) return command.line;
  }
  return 0;
}

}  // namespace

Result<SetupPlan> plan_script(std::string_view text, std::string_view file) {
  const TextLines lines(text);
  const bool is_named_so = file.ends_with(".sh") || file.ends_with(".bash");
  if (!is_shell(lines.line(1), is_named_so)) return refuse_shell(file);
  SetupPlan plan;
  plan.jobs = 1;
  const bool begins = text.find(k_begin) != std::string_view::npos;
  const bool ends = text.find(k_end) != std::string_view::npos;
  if (const std::uint32_t trap = line_of_exit_trap(text); !ends && trap != 0) {
    return fail(
        Code::invalid,
        fmt::format("{}:{}: there is a trap for EXIT already: call '{}' there", file, trap, k_end));
  }
  const std::uint32_t at = line_behind_head(lines);
  std::string put = begins ? "" : line_of(k_begin_in_shell);
  if (!ends) put += k_trap_line;
  if (!put.empty()) plan.insertions.push_back({at, put});
  return plan;
}

Result<SetupPlan> plan_hook(std::string_view text, std::string_view file, Hook hook) {
  const TextLines lines(text);
  if (!is_shell(lines.line(1), true)) return refuse_shell(file);
  SetupPlan plan;
  plan.jobs = 1;
  if (hook == Hook::pre_command) {
    if (text.find(k_begin) == std::string_view::npos) {
      plan.insertions.push_back({line_behind_head(lines), line_of(k_begin_in_shell)});
    }
  } else if (text.find(k_end) == std::string_view::npos) {
    plan.insertions.push_back({line_behind_head(lines), line_of(k_end_anyway)});
  }
  return plan;
}

std::string new_hook(Hook hook) {
  return "#!/bin/sh\n" + line_of(hook == Hook::pre_command ? k_begin_in_shell : k_end_anyway);
}

}  // namespace sluice::insight
