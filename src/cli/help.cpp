#include "cli/help.hpp"

#include "cli/output.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

constexpr std::size_t k_width = 80;

// A title and rows of two columns, aligned over the whole page.
class Page {
 public:
  explicit Page(bool colour) : colour_(colour) {}

  void line(std::string_view text) { body_ += std::string(text) + "\n"; }
  void title(std::string_view text) {
    body_ += "\n";
    body_ += colour_ ? fmt::format("\x1b[1m{}\x1b[0m\n", text) : fmt::format("{}\n", text);
  }
  void text(std::string_view text, std::size_t indent = 0) {
    body_ += wrapped(text, k_width, indent);
  }
  void rows(const std::vector<std::pair<std::string, std::string>>& rows) {
    std::size_t width = 0;
    for (const auto& row : rows) width = std::max(width, row.first.size());
    for (const auto& [left, right] : rows) {
      const std::string shown = colour_ ? fmt::format("\x1b[36m{}\x1b[0m", left) : left;
      const std::string gap(width - left.size() + 2, ' ');
      body_ += fmt::format("  {}{}{}\n", shown, gap, right);
    }
  }
  std::string take() { return std::move(body_); }

 private:
  bool colour_;
  std::string body_;
};

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows setting_rows(std::span<const SettingId> ids) {
  Rows rows;
  for (const SettingId id : ids) {
    const SettingSpec& spec = spec_of(id);
    rows.emplace_back(flag_text(spec), std::string(spec.help));
  }
  return rows;
}

}  // namespace

std::string flag_text(const SettingSpec& setting) {
  if (setting.type == SettingType::flag) return fmt::format("--{}", setting.name);
  return fmt::format("--{} {}", setting.name, setting.value_name);
}

std::string flag_text(const OptionSpec& option) {
  if (option.value_name.empty()) return fmt::format("--{}", option.name);
  return fmt::format("--{} {}", option.name, option.value_name);
}

std::string overview_text(bool colour) {
  Page page(colour);
  page.line(fmt::format("sluice: {}", k_program_summary));
  page.title("Usage");
  page.line("  sluice [SETTING...] COMMAND [ARGUMENT...]");
  for (const CommandGroup group : {CommandGroup::work, CommandGroup::care, CommandGroup::about}) {
    page.title(title_of(group));
    Rows rows;
    for (const auto& command : command_specs()) {
      if (command.group != group) continue;
      rows.emplace_back(fmt::format("{:<10}", command.name), std::string(command.summary));
    }
    page.rows(rows);
  }
  page.title("Options");
  page.rows({{"--help", "explain sluice, or the command it stands behind"},
             {"--version", "print the version"}});
  page.title("Settings");
  Rows rows;
  for (const auto& spec : setting_specs()) {
    rows.emplace_back(flag_text(spec), std::string(spec.help));
  }
  page.rows(rows);
  page.line("");
  page.text(
      "Each setting is also a variable (SLUICE_STORE) and, where trust allows it, a line of "
      "sluice.toml (store = \"...\"). With SLUICE=off go and run add nothing. 'sluice "
      "help COMMAND' tells more.");
  return page.take();
}

std::string help_text(const CommandSpec& command, bool colour) {
  Page page(colour);
  page.line(fmt::format("sluice {}: {}", command.name, command.summary));
  page.title("Usage");
  page.text(fmt::format("sluice {} {}", command.name, command.usage), 2);
  page.line("");
  page.text(command.description);
  if (!command.options.empty()) {
    page.title("Options");
    Rows rows;
    for (const auto& option : command.options) {
      rows.emplace_back(flag_text(option), std::string(option.help));
    }
    page.rows(rows);
  }
  if (!command.settings.empty()) {
    page.title("Settings");
    page.rows(setting_rows(command.settings));
  }
  if (!command.examples.empty()) {
    page.title("Examples");
    for (const auto& example : command.examples) {
      page.line(fmt::format("  {}", example.line));
      page.line(fmt::format("      {}", example.meaning));
    }
  }
  return page.take();
}

int print_help(const CommandSpec* command, const sys::Environment& env) {
  const bool colour = use_colour(STDOUT_FILENO, env);
  print(command == nullptr ? overview_text(colour) : help_text(*command, colour));
  return 0;
}

int run_help(const Invocation& invocation, const sys::Environment& env) {
  return print_help(find_command(invocation.operand), env);
}

}  // namespace sluice::cli
