#include "insight/cause_text.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;

std::string only_text(const std::vector<InputChange>& changes, bool standard = false) {
  const auto causes = causes_of(changes, standard);
  REQUIRE(causes.size() == 1);
  return causes.front().text;
}

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
                false);
  REQUIRE(causes.size() == 1);
  CHECK(causes.front().kind == "module_version");
  CHECK(causes.front().text == "module version of example.org/d: v1.0.0 -> v1.1.0 (go.mod)");
}

TEST_CASE("cause text: what only follows from another cause is left out") {
  const std::vector<InputChange> other_go = {{InputKind::compiler, "", "go1.26.1", "go1.27.4"},
                                             {InputKind::file, "print.go", "x", "y"},
                                             {InputKind::import, "errors", "x", "y"}};
  CHECK(only_text(other_go, true) == "Go version: go1.26.1 -> go1.27.4");
  CHECK(causes_of(other_go, false).size() == 2);  // one's own file was edited as well
  CHECK(only_text({{InputKind::race, "-race", std::nullopt, "true"},
                   {InputKind::file, "race.go", std::nullopt, "y"}}) == "-race: not set -> true");
}

TEST_CASE("cause text: imports count where there is nothing else") {
  const std::vector<InputChange> changes = {{InputKind::import, "fmt", std::nullopt, "y"},
                                            {InputKind::import, "os", "x", std::nullopt}};
  CHECK(causes_of(changes, false).empty());
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
