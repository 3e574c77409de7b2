#include "gotool/input_changes.hpp"

#include "base/strings.hpp"
#include "gotool/action_text.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

// Every kind of line that go writes.
constexpr std::string_view k_text = R"(compile
dir /src/shop
go 1.24
goos linux goarch amd64
import "example.org/shop"
omitdebug false standard false local false prefix ""
cgo "cgo version go1.27.4"
CC=["gcc"] [] ["-O2" "-g"] ["-O2" "-g" "-lm"]
CC ID="gcc version 12.2.0 (Debian 12.2.0-14) "
CXX=["g++"] ["-O2" "-g"]
CXX ID="g++ version 12.2.0"
compile compile version go1.27.4 ["-race"] ["-N" "-l"]
asm "asm version go1.27.4" [] ["-D=X"]
GOAMD64=v1
magic GOSSADIR=/tmp
file a.go AAA
file my file.txt EEE
import fmt FFF
import unsafe 
pgofile PPP
)";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const auto at = result.find(from);
  REQUIRE(at != std::string::npos);
  return result.replace(at, from.size(), to);
}

InputChange only_change(std::string_view from, std::string_view to) {
  const auto changes = input_changes(k_text, replaced(k_text, from, to));
  CAPTURE(from);
  REQUIRE(changes.size() == 1);
  return changes.front();
}

}  // namespace

TEST_CASE("one fact changed is one change") {
  using enum InputKind;
  CHECK(only_change("dir /src/shop", "dir /ci/1") ==
        InputChange{directory, "dir", "/src/shop", "/ci/1"});
  CHECK(only_change("go 1.24\n", "go 1.25\n") == InputChange{go_directive, "go", "1.24", "1.25"});
  CHECK(only_change("goarch amd64", "goarch arm64") ==
        InputChange{platform, "GOARCH", "amd64", "arm64"});
  CHECK(only_change("local false", "local true") ==
        InputChange{package_mode, "local", "false", "true"});
  CHECK(only_change("[] [\"-O2\" \"-g\"]", "[] [\"-O3\"]") ==
        InputChange{c_flags, "CGO_CFLAGS", "-O2 -g", "-O3"});
  CHECK(only_change("12.2.0 (Debian 12.2.0-14) ", "13") ==
        InputChange{c_compiler, "CC version", "gcc version 12.2.0 (Debian 12.2.0-14) ",
                    "gcc version 13"});
  CHECK(only_change("[\"-race\"]", "[]") == InputChange{race, "-race", "true", std::nullopt});
  CHECK(only_change("[\"-N\" \"-l\"]", "[]") ==
        InputChange{gc_flags, "-gcflags", "-N -l", std::nullopt});
  CHECK(only_change("[\"-D=X\"]", "[\"-D=Y\"]") ==
        InputChange{asm_flags, "-asmflags", "-D=X", "-D=Y"});
  CHECK(only_change("GOAMD64=v1", "GOAMD64=v3") ==
        InputChange{architecture, "GOAMD64", "v1", "v3"});
  CHECK(only_change("magic GOSSADIR=/tmp\n", "") ==
        InputChange{magic, "GOSSADIR", "/tmp", std::nullopt});
  CHECK(only_change("my file.txt EEE", "my file.txt ZZZ") ==
        InputChange{file, "my file.txt", "EEE", "ZZZ"});
  CHECK(only_change("file a.go AAA\n", "file a.go AAA\nfile b.go BBB\n") ==
        InputChange{file, "b.go", std::nullopt, "BBB"});
  CHECK(only_change("import fmt FFF", "import fmt ZZZ") ==
        InputChange{import, "fmt", "FFF", "ZZZ"});
  CHECK(only_change("import unsafe \n", "") == InputChange{import, "unsafe", "", std::nullopt});
  CHECK(only_change("pgofile PPP\n", "") == InputChange{profile, "pgo", "PPP", std::nullopt});
  CHECK(only_change("pgofile PPP\n", "pgofile PPP\nnew line\n") ==
        InputChange{other, "new line", std::nullopt, ""});
  CHECK(only_change("go 1.24\n", "go 1.24\ntrimpath\n") ==
        InputChange{trimpath, "-trimpath", std::nullopt, "true"});
  CHECK(only_change("asm version go1.27.4", "asm version go1.27.5") ==
        InputChange{tool, "asm", "go1.27.4", "go1.27.5"});
  CHECK(only_change("file a.go AAA\nfile my file.txt EEE\n",
                    "file my file.txt EEE\nfile a.go AAA\n") ==
        InputChange{other, "order of lines", "", ""});
}

TEST_CASE("another release is one change, and comes before its consequences") {
  std::string text(k_text);
  for (auto at = text.find("go1.27.4"); at != std::string::npos; at = text.find("go1.27.4")) {
    text.replace(at, 8, "go1.27.5");
  }
  auto changes = input_changes(k_text, text);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0] == InputChange{InputKind::compiler, "compile", "go1.27.4", "go1.27.5"});
  text = replaced(replaced(text, "import fmt FFF", "import fmt ZZZ"), "file a.go AAA\n", "");
  changes = input_changes(k_text, text);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].kind == InputKind::compiler);
  CHECK(changes[1].kind == InputKind::file);
  CHECK(changes[2].kind == InputKind::import);
}

TEST_CASE("cgo that is gone, a mode of coverage, a module") {
  const std::string cgo = std::string(
      k_text.substr(k_text.find("cgo \""), k_text.find("compile compile") - k_text.find("cgo \"")));
  const auto gone =
      input_changes(k_text, replaced(k_text, cgo, "cover \"set\" \"cover version go1.27.4\"\n"));
  std::set<std::string_view> kinds;
  for (const InputChange& change : gone) kinds.insert(name_of(change.kind));
  // That it had a C compiler is no change of its own.
  CHECK(kinds == std::set<std::string_view>{"cgo", "cover"});
  const std::string trimmed = replaced(k_text, "dir /src/shop", "module example.org/shop@v1.2.3");
  const auto changes = input_changes(trimmed, replaced(trimmed, "v1.2.3", "v1.3.0"));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0] ==
        InputChange{InputKind::module_version, "example.org/shop", "v1.2.3", "v1.3.0"});
}

TEST_CASE("the build information of a program, setting by setting") {
  const std::string info =
      "path\texample.org/shop\nmod\texample.org/shop\t(devel)\t\ndep\ta.org/x\tv1.0.0\th1:a\n"
      "dep\tb.org/y\tv1.0.0\n=>\t../y\t(devel)\t\nbuild\t-ldflags=\"-X main.v=1\"\n"
      "build\t-race=true\nbuild\tCGO_ENABLED=1\nbuild\tvcs=git\nbuild\tvcs.revision=aaa\n"
      "build\tvcs.modified=false\n";
  const std::string before = with_modinfo(k_text, info);
  std::string newer = replaced(info, "v1.0.0\th1:a", "v1.1.0\th1:b");
  newer = replaced(newer, "-X main.v=1", "-X main.v=2");
  newer = replaced(newer, "revision=aaa", "revision=bbb");
  newer = replaced(newer, "../y", "../z");
  newer = replaced(newer, "build\t-race=true\n", "");
  const auto changes =
      input_changes(before, with_modinfo(replaced(k_text, "[\"-race\"]", "[]"), newer));
  using enum InputKind;
  const std::vector<InputChange> wanted{
      {race, "-race", "true", std::nullopt},
      {dependency, "a.org/x", "v1.0.0 h1:a", "v1.1.0 h1:b"},
      {dependency, "b.org/y", "v1.0.0 => ../y (devel)", "v1.0.0 => ../z (devel)"},
      {build_setting, "-ldflags", "-X main.v=1", "-X main.v=2"},
      {vcs, "vcs.revision", "aaa", "bbb"},
  };
  CHECK(changes == wanted);
}

TEST_CASE("what only follows from another change is none") {
  using enum InputKind;
  const std::string trimmed =
      replaced(k_text, "dir /src/shop\n", "module example.org/shop@v1.2.3\n") + "trimpath\n";
  CHECK(input_changes(k_text, trimmed) ==
        std::vector<InputChange>{{trimpath, "-trimpath", std::nullopt, "true"}});
  std::string with(k_text);
  for (std::size_t at = 0; (at = with.find("go1.27.4", at)) != std::string::npos; at += 9) {
    with.insert(at + 8, " X:some");
  }
  with = replaced(with, "GOAMD64=v1\n", "GOAMD64=v1\nGOEXPERIMENT=\"some\"\n");
  CHECK(input_changes(k_text, with) ==
        std::vector<InputChange>{{InputKind::experiment, "GOEXPERIMENT", std::nullopt, "some"}});

  const auto program = [](std::string_view version, std::string_view settings) {
    return with_modinfo(k_text, std::string("path\tm\nmod\tm\t") + std::string(version) + "\t\n" +
                                    std::string(settings));
  };
  CHECK(input_changes(program("(devel)", ""), program("v0.1.0+dirty", "build\tvcs=git\n")) ==
        std::vector<InputChange>{{vcs, "vcs", std::nullopt, "git"}});
  CHECK(input_changes(program("v1", ""), program("v2", "")) ==
        std::vector<InputChange>{{main_module, "m", "v1", "v2"}});
  CHECK(input_changes(program("v1", "build\tCGO_ENABLED=1\nbuild\tCGO_CFLAGS=-O1\n"),
                      program("v1", "build\tCGO_ENABLED=0\n")) ==
        std::vector<InputChange>{{build_setting, "CGO_ENABLED", "1", "0"}});
}

TEST_CASE("a text and itself have no change, two texts have one") {
  rc::check("any lines", [](const std::vector<std::string>& lines, const std::string& noise) {
    std::string text(k_text);
    for (const std::string& line : lines) text += line + "\n";
    RC_ASSERT(input_changes(text, text).empty());
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    std::string changed = text.substr(0, at) + noise + text.substr(at);
    RC_ASSERT(input_changes(text, changed).empty() == (text == changed));
    changed = text.substr(0, at) + text.substr(at + 1);
    const auto there = input_changes(text, changed);
    const auto back = input_changes(changed, text);
    RC_ASSERT(!there.empty());
    RC_ASSERT(there.size() == back.size());
    RC_ASSERT(std::ranges::is_sorted(there, {}, &InputChange::kind));
  });
}
