#include "cli/commands.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace sluice::cli {

TEST_CASE("the position of a command is its id, and names are unique") {
  std::set<std::string_view> names;
  std::size_t position = 0;
  for (const auto& spec : command_specs()) {
    CHECK(static_cast<std::size_t>(spec.id) == position++);
    CHECK(names.insert(spec.name).second);
    CHECK(find_command(spec.name) == &spec);
    CHECK(&spec_of(spec.id) == &spec);
    CHECK(!spec.summary.empty());
    CHECK(!spec.summary.ends_with('.'));
    CHECK(!spec.examples.empty());
  }
  CHECK(find_command("nothing") == nullptr);
  CHECK(command_names().size() == position);
}

TEST_CASE("no option of a command has the name of a setting it takes") {
  for (const auto& spec : command_specs()) {
    for (const auto& option : spec.options) {
      for (const SettingId id : spec.settings) CHECK(spec_of(id).name != option.name);
      CHECK(!option.help.ends_with('.'));
    }
  }
}

TEST_CASE("every option is in the usage line, every example starts sluice or names it") {
  for (const auto& spec : command_specs()) {
    for (const auto& option : spec.options) {
      INFO(spec.name << " --" << option.name);
      CHECK(spec.usage.find("--" + std::string(option.name)) != std::string_view::npos);
    }
    for (const auto& example : spec.examples) {
      CHECK(example.line.find("sluice") != std::string_view::npos);
      CHECK(example.meaning.ends_with('.'));
    }
  }
}

}  // namespace sluice::cli
