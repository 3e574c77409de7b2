#include "insight/ci_makefile.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::insight {
namespace {

TEST_CASE("recipes with variables, and what is exported") {
  const Pipeline pipeline = read_makefile(
      "GO ?= go\n"                                   // 1
      "FLAGS := -v  # loud\n"                        // 2
      "FLAGS += -count=1\n"                          // 3
      "LDFLAGS = -X main.date=$(shell date +%s)\n"   // 4
      "export GOFLAGS = -trimpath\n"                 // 5
      "CGO_ENABLED = 0\n"                            // 6
      "test: export CGO_ENABLED := 1\n"              // 7
      "test: build\n"                                // 8
      "\t@$(GO) test $(FLAGS) \\\n"                  // 9
      "\t\t./...\n"                                  // 10
      "\tfor p in a; do echo $$p; done\n"            // 11
      "build:\n"                                     // 12
      "\t-go build -ldflags \"$(LDFLAGS)\" ./...\n"  // 13
      "\tgo version $(V)\n"                          // 14
      "V := $(shell git describe --tags)\n"          // 15
      "W := $(V) $(FLAGS)\n"
      "ifdef X\n\techo $(UNKNOWN)\nendif\n",
      "Makefile");
  REQUIRE(pipeline.steps.size() == 5);
  const auto& steps = pipeline.steps;
  CHECK(steps[0].job == "test");
  CHECK(steps[0].line == 9);
  CHECK(steps[0].script == "go test -v -count=1 \\\n\t\t./...");
  CHECK(find_variable(steps[0].environment, "GOFLAGS")->value == "-trimpath");
  CHECK(find_variable(steps[0].environment, "CGO_ENABLED")->value == "1");
  CHECK(steps[1].script == "for p in a; do echo $p; done");
  CHECK(steps[2].script == "go build -ldflags \"-X main.date=$(shell date +%s)\" ./...");
  CHECK(find_variable(steps[2].environment, "CGO_ENABLED") == nullptr);
  CHECK(find_variable(steps[2].environment, "GOFLAGS")->line == 5);
  CHECK(steps[3].script == "go version $(shell git describe --tags)");
  CHECK(steps[4].script == "echo $(UNKNOWN)");
  CHECK(pipeline.calls == std::vector<Variable>{{"V", "$(shell git describe --tags)", 15}});
}

TEST_CASE("references to itself end, and no text breaks it") {
  CHECK(read_makefile("A = $(A) x\na:\n\techo $(A)\n", "m").steps.size() == 1);
  CHECK(read_makefile("A = $(A)$(A)$(A)$(A)$(A)$(A)$(A)$(A)y\na:\n\t$(A)\n", "m")
            .steps.at(0)
            .script.size() < (1U << 20U));
  std::string tower;
  for (char name = 'A'; name < 'H'; ++name) {
    tower += std::string(1, name) + " =";
    for (int i = 0; i < 1000; ++i)
      tower += "$(" + std::string(1, static_cast<char>(name + 1)) + ")";
    tower += "\n";
  }
  CHECK(read_makefile(tower + "H =\na:\n\techo $(A)\n", "m").steps.size() == 1);
  CHECK(rc::check([] {
    const std::string letters = "aA =:+?$(){}\t\n\\#";
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(letters));
    static_cast<void>(read_makefile(text, "m"));
  }));
}

}  // namespace
}  // namespace sluice::insight
