#include "runner/go_output.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

struct Said {
  std::string shown;
  std::string passed;
  std::string refused;

  GoOutput::Heard heard() {
    return {[this](std::string_view text) { shown += text; },
            [this](const std::string& package, std::string_view) { passed += package + ";"; },
            [this](const std::string& package) { refused += package + ";"; }};
  }
};

void feed(GoOutput& output, std::string_view text, std::size_t piece) {
  for (std::size_t at = 0; at < text.size(); at += piece) output.write(text.substr(at, piece));
  output.end();
}

constexpr std::string_view k_text =
    "FAIL\tm/setup [setup failed]\nok  \tm/good\t0.002s\n?   \tm/none\t[no test files]\n"
    "FAIL\tm/bad [build failed]\nFAIL\n";
constexpr std::string_view k_shown_text =
    "FAIL\tm/setup [setup failed]\n?   \tm/none\t[no test files]\nFAIL\tm/bad [build failed]\n";

constexpr std::string_view k_build =
    "{\"ImportPath\":\"m/bad\",\"Action\":\"build-output\",\"Output\":\"# m/bad\\n\"}\n"
    "{\"ImportPath\":\"m/bad\",\"Action\":\"build-fail\"}\n";
constexpr std::string_view k_bad =
    "{\"Action\":\"start\",\"Package\":\"m/bad\"}\n"
    "{\"Action\":\"output\",\"Package\":\"m/bad\",\"Output\":\"FAIL\\tm/bad [build failed]\\n\"}\n"
    "{\"Action\":\"fail\",\"Package\":\"m/bad\",\"Elapsed\":0,\"FailedBuild\":\"m/bad\"}\n";
constexpr std::string_view k_good =
    "{\"Action\":\"start\",\"Package\":\"m/good\"}\n"
    "{\"Action\":\"output\",\"Package\":\"m/good\",\"Output\":\"ok  \\tm/good\\t0.002s\\n\"}\n"
    "{\"Action\":\"pass\",\"Package\":\"m/good\",\"Elapsed\":0.01}\n";
constexpr std::string_view k_none =
    "{\"Action\":\"start\",\"Package\":\"m/none\"}\n"
    "{\"Action\":\"skip\",\"Package\":\"m/none\",\"Elapsed\":0}\n";

}  // namespace

TEST_CASE("go output: lines of text") {
  for (const std::size_t piece : {1U, 7U, 4096U}) {
    Said said;
    GoOutput output(false, said.heard());
    feed(output, k_text, piece);
    CHECK(said.shown == k_shown_text);
    CHECK(said.passed == "m/good;");
    CHECK(said.refused == "m/setup;m/bad;");
  }
}

TEST_CASE("go output: events of a package stay together") {
  for (const std::size_t piece : {1U, 100U, 65536U}) {
    Said said;
    GoOutput output(true, said.heard());
    feed(output,
         std::string(k_build) + std::string(k_bad) + std::string(k_good) + std::string(k_none),
         piece);
    CHECK(said.shown == std::string(k_build) + std::string(k_bad) + std::string(k_none));
    CHECK(said.passed == "m/good;");
    CHECK(said.refused == "m/bad;");
  }
}

TEST_CASE("go output: what is cut short, and what is no event, is shown") {
  Said said;
  GoOutput output(true, said.heard());
  feed(output, "no event\n{\"Action\":\"start\",\"Package\":\"m/a\"}\n{\"Action\"", 5);
  CHECK(said.shown == "no event\n{\"Action\"{\"Action\":\"start\",\"Package\":\"m/a\"}\n");
  CHECK(said.passed.empty());
}

}  // namespace sluice::runner
