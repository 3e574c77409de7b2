#include "cli/settings_table.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "cli/help.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

namespace sluice::cli {

namespace {

// A document of the source tree that this test runs in or was built in.
std::string document(const std::string& name) {
  const auto executable = sys::own_executable();
  REQUIRE(executable);
  for (const sys::Path& start : {std::filesystem::current_path(), executable->parent_path()}) {
    for (sys::Path at = start; at != at.root_path(); at = at.parent_path()) {
      const auto bytes = sys::read_file(at / name, 1U << 20U);
      if (bytes && *bytes) return std::string(text_of(**bytes));
    }
  }
  FAIL("no " << name << " above the working directory or the test");
  return "";
}

}  // namespace

TEST_CASE("the position of a setting is its id, and names are unique") {
  std::set<std::string_view> names;
  std::size_t position = 0;
  for (const auto& spec : setting_specs()) {
    CHECK(static_cast<std::size_t>(spec.id) == position++);
    CHECK(names.insert(spec.name).second);
    CHECK(names.insert(spec.variable).second);
    CHECK(spec.variable.starts_with("SLUICE_"));
    CHECK(find_setting(spec.name) == &spec);
    CHECK(&spec_of(spec.id) == &spec);
    const bool has_choices = spec.type == SettingType::choice || spec.type == SettingType::place;
    CHECK(has_choices == !spec.choices.empty());
    CHECK((spec.type == SettingType::flag) == spec.value_name.empty());
    CHECK(!spec.help.ends_with('.'));
    CHECK(spec.detail.ends_with('.'));
  }
  CHECK(position == k_setting_count);
  CHECK(find_setting("sotre") == nullptr);
}

TEST_CASE("a variable is the name in upper case") {
  for (const auto& spec : setting_specs()) {
    std::string expected = "SLUICE_";
    for (const char c : spec.name) {
      expected += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
    }
    CHECK(spec.variable == expected);
  }
}

TEST_CASE("what decides trust may not stand in a checkout") {
  CHECK(!spec_of(SettingId::trust_domain).in_checkout_file);
  CHECK(!spec_of(SettingId::publish_local).in_checkout_file);
  CHECK(spec_of(SettingId::store).in_checkout_file);
}

TEST_CASE("the guide has one row for every setting and variable, and no other") {
  const std::string guide = document("docs/guide/configuration.md");
  std::size_t rows = 0;
  for (const std::string_view line : split(guide, '\n')) {
    if (line.starts_with("| `--")) ++rows;
  }
  CHECK(rows == k_setting_count);
  for (const auto& spec : setting_specs()) {
    const std::string row =
        fmt::format("| `{}` | `{}` | `{}` | {} | `{}` | {} |", flag_text(spec), spec.variable,
                    spec.name, spec.in_checkout_file ? "yes" : "no", spec.fallback, spec.help);
    INFO(row);
    CHECK(guide.find(row) != std::string::npos);
  }
  for (const auto& variable : other_variables()) {
    if (variable.internal) continue;
    const std::string row = fmt::format(
        "| `{}={}` | {} |", variable.name,
        join(std::vector<std::string>{std::string(variable.value_name)}, ""), variable.help);
    INFO(row);
    std::string plain = guide;
    plain.erase(std::remove(plain.begin(), plain.end(), '\\'), plain.end());
    CHECK(plain.find(row) != std::string::npos);
  }
}

TEST_CASE("the format document names every key") {
  const std::string format = document("docs/formats/sluice-toml.md");
  for (const auto& spec : setting_specs()) {
    INFO(spec.name);
    CHECK(format.find(fmt::format("| `{}` |", spec.name)) != std::string::npos);
  }
}

}  // namespace sluice::cli
