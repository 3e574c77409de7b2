#include "insight/shell.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::insight {
namespace {

// "LINE: NAME=value word word > file", a line for each command.
std::string shown(std::string_view text) {
  std::string all;
  for (const ShellCommand& command : shell_commands(text)) {
    all += std::to_string(command.line) + ":";
    for (const Variable& set : command.assignments) all += " {" + set.name + "=" + set.value + "}";
    for (const ShellWord& word : command.words) all += " [" + word.value + "]";
    for (const std::string& file : command.outputs) all += " > " + file;
    all += "\n";
  }
  return all;
}

TEST_CASE("words, separators and what stands before a command") {
  CHECK(shown("CGO_ENABLED=0 GOFLAGS='-a -v' go build ./... && go vet ./...; ls | wc -l\n") ==
        "1: {CGO_ENABLED=0} {GOFLAGS=-a -v} [go] [build] [./...]\n1: [go] [vet] [./...]\n1: [ls]\n"
        "1: [wc] [-l]\n");
  CHECK(shown("if go test ./...; then\n  go build \\\n    -a ./...  # no -count=1\nfi\n") ==
        "1: [go] [test] [./...]\n2: [go] [build] [-a] [./...]\n");
  CHECK(shown("for p in a b; do go test \"$p\"; done") == "1: [go] [test] [$p]\n");
  CHECK(shown("go test ./... 2>&1 >out.txt | tee log &> all") ==
        "1: [go] [test] [./...] > 1 > out.txt\n1: [tee] [log] > all\n");
  CHECK(shown("(cd x && go build)") == "1: [cd] [x]\n1: [go] [build]\n");
  CHECK(shown("build() { go build; }") == "1: [build]\n1: [go] [build]\n");
}

TEST_CASE("the commands inside expansions") {
  CHECK(shown("go test $(go list ./... | grep -v /vendor/)") ==
        "1: [go] [list] [./...]\n1: [grep] [-v] [/vendor/]\n"
        "1: [go] [test] [$(go list ./... | grep -v /vendor/)]\n");
  CHECK(shown("x=\"`go env GOCACHE`\"") == "1: [go] [env] [GOCACHE]\n1: {x=`go env GOCACHE`}\n");
  CHECK(shown("go test ${{ matrix.flags }} ./...") ==
        "1: [go] [test] [${{ matrix.flags }}] [./...]\n");
}

TEST_CASE("a here-document is no command") {
  CHECK(shown("cat > x <<'END'\ngo test -count=1\nEND\ngo vet") == "1: [cat] > x\n4: [go] [vet]\n");
}

TEST_CASE("the line of each word, and what is plain") {
  const auto commands = shell_commands("go test \\\n  -count=1 \\\n  $X\n", 10);
  REQUIRE(commands.size() == 1);
  REQUIRE(commands[0].words.size() == 4);
  CHECK(commands[0].words[2].line == 11);
  CHECK(commands[0].words[3].line == 12);
  CHECK(commands[0].words[2].is_plain);
  CHECK_FALSE(commands[0].words[3].is_plain);
  CHECK(shell_commands("a\nb\n", 7, false).at(1).line == 7);
}

TEST_CASE("a word that is one variable") {
  CHECK(expanded_name("$GO") == "GO");
  CHECK(expanded_name("\"${GO_FLAGS}\"") == "GO_FLAGS");
  CHECK(expanded_name("$(GO)").empty());
  CHECK(expanded_name("${GO:-go}").empty());
  CHECK(expanded_name("x$GO").empty());
}

TEST_CASE("no text breaks it") {
  for (const char* text :
       {"'", "\"", "$(", "`", "${", "${{", "a <<", "\\", "$", "$(\"", ">", "<<E"}) {
    INFO(text);
    CHECK(shell_commands(text).size() <= 2);
  }
  CHECK(shell_commands(std::string(5000, '(')).empty());
  CHECK(rc::check([] {
    const std::string letters = "ab =$(){}\"'`\\\n;&|<>#-";
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(letters));
    for (const ShellCommand& command : shell_commands(text)) {
      RC_ASSERT(command.line >= 1);
      RC_ASSERT(!command.words.empty() || !command.assignments.empty());
    }
  }));
}

}  // namespace
}  // namespace sluice::insight
