#include "insight/cause_text.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;

Cause only_cause(const std::vector<InputChange>& changes, std::string_view text = "") {
  const auto causes = causes_of(changes, text);
  REQUIRE(causes.size() == 1);
  return causes.front();
}
std::string only_text(const std::vector<InputChange>& changes, std::string_view text = "") {
  return only_cause(changes, text).text;
}

constexpr std::string_view k_of_go = "compile\nomitdebug false standard true local false\n";

}  // namespace

TEST_CASE("cause text: files by what happened to them") {
  CHECK(only_text({{InputKind::file, "a.go", "x", "y"},
                   {InputKind::file, "b.go", std::nullopt, "y"},
                   {InputKind::file, "c.go", "x", std::nullopt}}) ==
        "a.go changed; b.go added; c.go removed");
}

TEST_CASE("cause text: checkout paths without what they share, so that packages agree") {
  const auto one = only_text({{InputKind::directory, "", "/a/src/p", "/b/src/p"}});
  const auto other = only_text({{InputKind::directory, "", "/a/src/q/r", "/b/src/q/r"}});
  CHECK(one == other);
  CHECK(one.starts_with("checkout path: /a -> /b "));
}

TEST_CASE("cause text: another module version is one, not another path") {
  const auto causes =
      causes_of({{InputKind::directory, "", "/h/go/pkg/mod/example.org/d@v1.0.0/sub",
                  "/h/go/pkg/mod/example.org/d@v1.1.0/sub"}},
                "");
  REQUIRE(causes.size() == 1);
  CHECK(causes.front().kind == "module_version");
  CHECK(causes.front().text == "module version of example.org/d: v1.0.0 -> v1.1.0 (go.mod)");

  const std::string_view text = "compile\nimport \"example.org/D/sub\"\n";
  CHECK(only_text({{InputKind::directory, "", "/modules/example.org/!d@v1/sub",
                    "/modules/example.org/!d@v2/sub"}},
                  text) == "module version of example.org/D: v1 -> v2 (go.mod)");
  CHECK(only_cause({{InputKind::directory, "", "/modules/example.org/!d@v1/sub", "/src/d/sub"}},
                   text) == Cause{"module_version",
                                  "module version of example.org/D: v1 -> "
                                  "/src/d/sub (go.mod or go.work)"});
  CHECK(only_text({{InputKind::module_version, "example.org/D", "v1", ""}}) ==
        "module version of example.org/D: v1 -> a directory (go.mod)");
}

TEST_CASE("cause text: flags and variables by their own names") {
  CHECK(only_cause({{InputKind::build_setting, "-ldflags", std::nullopt, "-s"}}) ==
        Cause{"ld_flags", "-ldflags: not set -> -s"});
  CHECK(only_cause({{InputKind::build_setting, "-tags", "a", "a,b"}}) ==
        Cause{"tags", "-tags: a -> a,b"});
  CHECK(only_cause({{InputKind::build_setting, "CGO_ENABLED", "1", "0"}}) ==
        Cause{"cgo", "CGO_ENABLED: 1 -> 0"});
  CHECK(only_cause({{InputKind::build_setting, "DefaultGODEBUG", "a", "b"}}) ==
        Cause{"build_setting",
              "build setting DefaultGODEBUG: a -> b (godebug or go line of go.mod, //go:debug)"});
  CHECK(only_text({{InputKind::cover, "-covermode", std::nullopt, "set"}}) ==
        "-covermode: not set -> set");
  CHECK(only_text({{InputKind::cover, "-covermode", std::nullopt, "testmain"}}) ==
        "-cover: not set -> true");
  CHECK(only_text({{InputKind::package_mode, "omitdebug", "false", "true"}}) ==
        "debug information: kept -> left out (go run)");
  CHECK(only_text({{InputKind::go_directive, "go", "1.24", "1.25"}}) ==
        "go directive in go.mod: 1.24 -> 1.25");
  CHECK(only_text({{InputKind::cgo, "cgo", "true", std::nullopt}}) == "cgo: on -> off");
  CHECK(only_text({{InputKind::c_flags, "CGO_CFLAGS", "-O1", "-O2"}}) == "CGO_CFLAGS: -O1 -> -O2");
  CHECK(only_text({{InputKind::c_compiler, "CC version", "gcc 12 ", "gcc 13"}}) ==
        "C compiler CC version: gcc 12 -> gcc 13");
}

TEST_CASE("cause text: what only follows from another cause is left out") {
  const std::vector<InputChange> other_go = {{InputKind::compiler, "", "go1.26.1", "go1.27.4"},
                                             {InputKind::file, "print.go", "x", "y"},
                                             {InputKind::import, "errors", "x", "y"}};
  CHECK(only_text(other_go, k_of_go) == "Go version: go1.26.1 -> go1.27.4");
  CHECK(causes_of(other_go, "").size() == 2);  // one's own file was edited as well
  CHECK(only_text({{InputKind::race, "-race", std::nullopt, "true"},
                   {InputKind::file, "race.go", std::nullopt, "y"}}) == "-race: not set -> true");
}

TEST_CASE("cause text: imports count where there is nothing else") {
  const std::vector<InputChange> changes = {{InputKind::import, "fmt", std::nullopt, "y"},
                                            {InputKind::import, "os", "x", std::nullopt}};
  CHECK(causes_of(changes, "").empty());
  const auto causes = causes_of_imports(changes);
  REQUIRE(causes.size() == 2);
  CHECK(causes.front().text == "imports now fmt");
  CHECK(is_of_one_package(causes));
}

TEST_CASE("cause text: the VCS stamp is one cause, however many facts it has") {
  CHECK(only_text(
            {{InputKind::vcs, "vcs.revision", "a", "b"}, {InputKind::vcs, "vcs.time", "1", "2"}}) ==
        "VCS stamp (vcs.revision, vcs.time); see -buildvcs=false");
}

}  // namespace sluice::insight
