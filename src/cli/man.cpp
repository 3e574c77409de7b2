#include "cli/man.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "cli/help.hpp"
#include "cli/output.hpp"
#include "cli/version.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

// Text as roff prints it: a backslash is an escape, a hyphen a minus, a leading dot or quote a
// macro.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '"') {
      out += "\\(dq";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  bool first = true;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    if (!first) out += ".PP\n";
    out += roff(line) + "\n";
    first = false;
  }
  return out;
}

std::string head(std::string_view page, std::string_view summary, std::string_view version) {
  return fmt::format(".TH {} 1 \"\" \"sluice {}\" \"sluice\"\n.nh\n.SH NAME\n{} \\- {}\n", page,
                     roff(version), roff(page), roff(summary));
}

std::string item(std::string_view term, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}\n", roff(term), roff(text));
}

std::string setting_items(const std::vector<const SettingSpec*>& specs) {
  std::string out;
  for (const auto* spec : specs) {
    const std::string_view where = spec->in_checkout_file ? "in sluice.toml"
                                                          : "in the user's config.toml only, not "
                                                            "in sluice.toml";
    out +=
        item(flag_text(*spec), fmt::format("{} Default: {}. Variable {}; key {} {}.", spec->detail,
                                           spec->fallback, spec->variable, spec->name, where));
  }
  return out;
}

std::string see_also(std::string_view page) {
  std::vector<std::string> pages;
  if (page != "sluice") pages.emplace_back("sluice");
  for (const auto& command : command_specs()) {
    std::string name = fmt::format("sluice-{}", command.name);
    if (name != page) pages.push_back(std::move(name));
  }
  std::string out = ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < pages.size(); ++i) {
    out += fmt::format(".BR {} (1){}\n", roff(pages[i]), i + 1 < pages.size() ? "," : "");
  }
  return out;
}

std::string exit_status(const CommandSpec& command) {
  std::string out = ".SH EXIT STATUS\n";
  if (command.tail != Tail::none) {
    out += paragraphs(
        "That of the command that was run; where a signal ended it, sluice ends by the same "
        "signal. 2 where sluice itself was given a wrong setting: nothing was run then. 127 where "
        "the command was not found, 126 where it could not be executed.");
  } else {
    out += paragraphs("0 for success, 1 where the work failed, 2 for a wrong word or setting.");
  }
  return out;
}

}  // namespace

std::string man_overview(std::string_view version) {
  std::string out = head("sluice", k_program_summary, version);
  out += ".SH SYNOPSIS\n.B sluice\n" + roff("[SETTING...] COMMAND [ARGUMENT...]") + "\n";
  out += ".SH DESCRIPTION\n";
  out += paragraphs(
      "sluice stands between go and its build cache. What one machine built, tested or vetted "
      "another machine takes from a store instead of making it again. The local tier is Go's own "
      "cache directory, so plain go uses it too.\n\n"
      "Without any configuration the store is a folder of this user.");
  out += ".SH COMMANDS\n";
  for (const auto& command : command_specs()) {
    out += item(fmt::format("{} {}", command.name, command.usage), command.summary);
  }
  out += ".SH OPTIONS\n";
  out += item("--help", "Explain sluice, or the command that it stands behind.");
  out += item("--version", "Print the version.");
  out += ".SH SETTINGS\n";
  out += paragraphs(
      "A flag goes before a SLUICE_* variable, a variable before sluice.toml in the checkout, "
      "that before sluice/config.toml in the user's configuration directory, and all before the "
      "default. A value that is not understood is refused with one line that names its place, "
      "before anything is run.");
  std::vector<const SettingSpec*> specs;
  for (const auto& spec : setting_specs()) specs.push_back(&spec);
  out += setting_items(specs);
  out += ".SH ENVIRONMENT\n";
  for (const auto& variable : other_variables()) {
    if (variable.internal) continue;
    out += item(fmt::format("{}={}", variable.name, variable.value_name),
                fmt::format("{}.", variable.help));
  }
  out += item("GOCACHE", "An absolute path is the local tier. A URL means the store.");
  out += ".SH FILES\n";
  out += item("sluice.toml", "Settings of a checkout, at its root.");
  out += item("$XDG_CONFIG_HOME/sluice/config.toml", "Settings of a user.");
  out += item("$XDG_CACHE_HOME/sluice/",
              "The default store, copies of the index, what was made here.");
  return out + see_also("sluice");
}

std::string man_page(const CommandSpec& command, std::string_view version) {
  const std::string page = fmt::format("sluice-{}", command.name);
  std::string out = head(page, command.summary, version);
  out += fmt::format(".SH SYNOPSIS\n.B sluice {}\n{}\n", roff(command.name), roff(command.usage));
  out += ".SH DESCRIPTION\n" + paragraphs(command.description);
  if (!command.options.empty()) {
    out += ".SH OPTIONS\n";
    for (const auto& option : command.options) {
      out += item(flag_text(option), fmt::format("{}.", option.help));
    }
  }
  if (!command.settings.empty()) {
    out += ".SH SETTINGS\n";
    std::vector<const SettingSpec*> specs;
    for (const SettingId id : command.settings) specs.push_back(&spec_of(id));
    out += setting_items(specs);
  }
  out += exit_status(command);
  if (!command.examples.empty()) {
    out += ".SH EXAMPLES\n";
    for (const auto& example : command.examples) out += item(example.line, example.meaning);
  }
  return out + see_also(page);
}

Result<void> write_man_pages(const sys::Path& directory, std::string_view version) {
  TRY(sys::make_directories(directory));
  TRY(sys::write_file_atomic(directory / "sluice.1", bytes_of(man_overview(version))));
  for (const CommandSpec& command : command_specs()) {
    const sys::Path file = directory / fmt::format("sluice-{}.1", command.name);
    TRY(sys::write_file_atomic(file, bytes_of(man_page(command, version))));
  }
  return {};
}

int run_man(const Invocation& invocation) {
  if (invocation.has("directory")) {
    if (!invocation.operand.empty()) {
      return report(Error{Code::invalid, "man: --directory writes all pages: leave COMMAND out"});
    }
    auto written = write_man_pages(invocation.option_or("directory", ""), version_text());
    return written ? 0 : report(std::move(written).error().in("man"));
  }
  const CommandSpec* command = find_command(invocation.operand);
  print(command == nullptr ? man_overview(version_text()) : man_page(*command, version_text()));
  return 0;
}

}  // namespace sluice::cli
