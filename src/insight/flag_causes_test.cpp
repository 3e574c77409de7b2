// With real go: tests/integration/test_why.py.
#include "insight/flag_causes.hpp"

#include "base/digest.hpp"
#include "gotool/action_text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;

std::vector<journal::CommandRow> called(std::vector<std::string> words, std::string goflags = "") {
  journal::CommandRow row;
  row.words = std::move(words);
  row.goflags = std::move(goflags);
  return {row};
}

// A module with one package.
struct Module {
  sys::TempDirectory root = std::move(*sys::TempDirectory::create("flags"));
  std::string text(bool trimmed = false) const {
    const std::string place =
        trimmed ? "module m.org/m@\n" : fmt::format("dir {}/p\n", root.path().native());
    return "compile\n" + place +
           "goos linux goarch amd64\nimport \"m.org/m/p\"\n"
           "compile compile version go1.27.4 [] []\n";
  }
  std::string write(const std::string& name, std::string_view content) const {
    REQUIRE(sys::make_directories(root.path() / "p"));
    REQUIRE(sys::write_file_atomic(root.path() / "p" / name, bytes_of(content)));
    return gotool::short_hash(sha256(bytes_of(content)));
  }
  std::vector<Cause> causes(const std::vector<InputChange>& changes, std::vector<Cause> known,
                            const std::vector<journal::CommandRow>& before,
                            const std::vector<journal::CommandRow>& after,
                            bool trimmed = false) const {
    const std::string inputs = text(trimmed);
    add_flags(known, changes, {before, inputs}, {after, inputs}, {"/nowhere", root.path()});
    return known;
  }
};

const Cause k_added{"file", "a.go added"};

}  // namespace

TEST_CASE("flag causes: -tags by the files that they let in, with the files behind") {
  const Module module;
  const auto hash = module.write("a.go", "//go:build extra\n\npackage p\n");
  const std::vector<InputChange> changes = {{InputKind::file, "a.go", std::nullopt, hash}};
  const std::vector<Cause> wanted = {{"tags", "-tags: not set -> b,extra"}, k_added};
  const auto before = called({"go", "build"});
  const auto after = called({"go", "build", "-tags=b,extra"});
  CHECK(module.causes(changes, {k_added}, before, after) == wanted);
  CHECK(module.causes(changes, {k_added}, before, after, true) == wanted);
  CHECK(module.causes(changes, {k_added}, before, called({"go", "build"}, "-tags=extra")) ==
        std::vector<Cause>{{"tags", "-tags: not set -> extra (GOFLAGS)"}, k_added});
}

TEST_CASE("flag causes: tags that let nothing in, and calls that are not known, are none") {
  const Module module;
  const auto hash = module.write("a.go", "package p\n");
  const std::vector<InputChange> changes = {{InputKind::file, "a.go", std::nullopt, hash}};
  const auto before = called({"go", "build"});
  const auto after = called({"go", "build", "-tags=extra"});
  CHECK(module.causes(changes, {k_added}, before, after) == std::vector<Cause>{k_added});
  CHECK(module.causes(changes, {k_added}, {}, after) == std::vector<Cause>{k_added});
}

TEST_CASE("flag causes: cgo that is off takes its files away, and somebody may have") {
  const Module module;
  const auto native = module.write("native.go", "package p\n\nimport \"C\"\n");
  const std::vector<Cause> known = {{"cgo", "cgo: on -> off"}, {"file", "native.go removed"}};
  std::vector<InputChange> changes = {{InputKind::cgo, "cgo", "true", std::nullopt},
                                      {InputKind::file, "native.go", native, std::nullopt}};
  const auto go = called({"go", "build"});
  CHECK(module.causes(changes, known, go, go) ==
        std::vector<Cause>{{"cgo", "cgo: on -> off (CGO_ENABLED, or no C compiler)"}});
  changes[1].before = "another";
  CHECK(module.causes(changes, known, go, go) == known);
}

TEST_CASE("flag causes: a flag of GOFLAGS is said to be one") {
  const Module module;
  const std::vector<Cause> known = {{"gc_flags", "-gcflags: not set -> -N"}};
  const auto plain = called({"go", "build"});
  const auto by_variable = called({"go", "build"}, "-gcflags=-N");
  const std::vector<Cause> named = {{"gc_flags", "-gcflags: not set -> -N (GOFLAGS)"}};
  CHECK(module.causes({}, known, plain, by_variable) == named);
  CHECK(module.causes({}, known, by_variable, plain) == named);
  CHECK(module.causes({}, known, plain, called({"go", "build", "-gcflags=-N"})) == known);
  CHECK(module.causes({}, known, {}, by_variable) == known);
}

}  // namespace sluice::insight
