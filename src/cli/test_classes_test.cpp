#include "cli/test_classes.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

using Strings = std::vector<std::string>;

Strings build_with(Strings build, std::string_view goflags, std::string_view classes) {
  const auto rules = runner::usual_rules();
  const auto selection = selection_of(classes, "", rules);
  REQUIRE(selection);
  gotool::TestWords words;
  words.build = std::move(build);
  add_tags(words, *selection, rules, goflags);
  return words.build;
}

}  // namespace

TEST_CASE("test classes: the rules of the nearest sluice.toml") {
  const auto made = sys::TempDirectory::create("classes");
  REQUIRE(made);
  const sys::Path below = made->path() / "a";
  REQUIRE(sys::make_directories(below));
  REQUIRE(sys::make_directories(made->path() / ".git"));
  const auto usual = load_test_rules(below);
  REQUIRE(usual);
  CHECK_FALSE(usual->rules.is_of_file);
  CHECK(usual->directory == below);
  const auto write = [&](std::string_view text) {
    REQUIRE(sys::write_file_atomic(made->path() / "sluice.toml", bytes_of(text)));
  };
  write("quiet = true\n[test.class.x]\nretries = 1\n");
  const auto found = load_test_rules(below);
  REQUIRE(found);
  CHECK(found->rules.is_of_file);
  CHECK(found->directory == made->path());
  write("[test.class.x]\nretries = 100\n");
  const auto refused = load_test_rules(below);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "../sluice.toml:2: test.class.x.retries: must be a number from 0 to 10");
}

TEST_CASE("test classes: which a command is for") {
  const auto rules = runner::usual_rules();
  CHECK_FALSE(selection_of("", "", rules)->chooses());
  CHECK(selection_of("e2e, unit", "", rules)->classes ==
        std::vector<runner::ClassNumber>{*rules.find("e2e"), *rules.find("unit")});
  const auto refused = selection_of("unit,e3e", "", rules);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "--class: there is no class \"e3e\"; there are integration, e2e, unit");
  CHECK_FALSE(selection_of("unit,", "", rules));
  CHECK(selection_of("", "class(e2e)", rules)->chooses());
  const auto unknown = selection_of("", "class(e3e)", rules);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message == "--filter: there is no class \"e3e\"");
}

TEST_CASE("test classes: the tags of a class are built with") {
  CHECK(build_with({"-race=true"}, "", "unit") == Strings{"-race=true"});
  CHECK(build_with({"-race=true"}, "", "e2e") == Strings{"-race=true", "-tags=e2e"});
  CHECK(build_with({"-tags=a,b"}, "-tags=c", "e2e,integration") ==
        Strings{"-tags=a,b,e2e,integration"});
  CHECK(build_with({}, "-mod=mod --tags=c", "e2e") == Strings{"-tags=c,e2e"});
  CHECK(build_with({"-tags=e2e"}, "", "e2e") == Strings{"-tags=e2e"});
  CHECK(build_with({}, "-tags=c", "") == Strings{});
}

}  // namespace sluice::cli
