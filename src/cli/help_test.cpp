#include "cli/help.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>

namespace sluice::cli {

TEST_CASE("the overview lists every command and every setting") {
  const std::string text = overview_text(false);
  for (const auto& command : command_specs()) {
    CHECK(text.find("\n  " + std::string(command.name) + " ") != std::string::npos);
    CHECK(text.find(command.summary) != std::string::npos);
  }
  for (const auto& spec : setting_specs()) {
    CHECK(text.find("\n  " + flag_text(spec) + " ") != std::string::npos);
  }
  CHECK(text.find("\n  --help ") != std::string::npos);
  CHECK(text.find("\n  --version ") != std::string::npos);
}

TEST_CASE("who takes settings says so in its usage, and who starts a command how that can fail") {
  for (const auto& command : command_specs()) {
    CHECK(command.settings.empty() == (command.usage.find("[SETTING...]") == std::string::npos));
    if (command.tail == Tail::none) continue;
    CHECK(command.description.find("127") != std::string::npos);
    CHECK(command.description.find("126") != std::string::npos);
  }
}

TEST_CASE("help fits a terminal and has colour only when asked") {
  constexpr std::size_t k_columns_max = 100;
  std::vector<std::string> pages = {overview_text(false)};
  for (const auto& command : command_specs()) pages.push_back(help_text(command, false));
  for (const auto& page : pages) {
    CHECK(page.find('\x1b') == std::string::npos);
    for (const std::string_view line : split(page, '\n')) {
      INFO(line);
      CHECK(line.size() <= k_columns_max);
      CHECK(!line.ends_with(' '));
    }
  }
  CHECK(overview_text(true).find('\x1b') != std::string::npos);
}

// With one blank between words, wherever lines end.
std::string words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::string words;
  for (std::string word; in >> word;) words += word + " ";
  return words;
}

TEST_CASE("a command's page has its options, settings and examples") {
  for (const auto& command : command_specs()) {
    const std::string text = help_text(command, false);
    const std::string usage = fmt::format("sluice {} {}", command.name, command.usage);
    CHECK(words_of(text).find(words_of(usage)) != std::string::npos);
    for (const auto& option : command.options) {
      CHECK(text.find("  " + flag_text(option)) != std::string::npos);
    }
    for (const SettingId id : command.settings) {
      CHECK(text.find("  " + flag_text(spec_of(id))) != std::string::npos);
    }
    for (const auto& example : command.examples)
      CHECK(text.find(example.line) != std::string::npos);
  }
}

}  // namespace sluice::cli
