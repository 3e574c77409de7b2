#include "cli/why_scope.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

insight::JobScopes some_scopes() {
  insight::JobScopes scopes;
  scopes.job.id = 7;
  journal::CommandRow command;
  command.words = {"go", "test", "./..."};
  scopes.commands = {command};
  scopes.missed = 4;
  scopes.scopes = {{"default-branch",
                    {{{}, journal::Answer::local, "package-index", "", false},
                     {{}, journal::Answer::remote, "archive", "example.org/m/p", false},
                     {{}, journal::Answer::reused, "test-output", "example.org/m/p", true}}},
                   {"not-known", {{{}, journal::Answer::local, "archive", "fmt", false}}}};
  return scopes;
}

}  // namespace

TEST_CASE("why --scope: each hit under its scope") {
  const std::string text = scopes_text(some_scopes());
  CHECK(text.starts_with("job 7: go test ./... ("));
  CHECK(text.find("4 keys were hits, 4 lookups missed\n"
                  "\ndefault-branch: 3 hits\n"
                  "    example.org/m/p: from the store\n"
                  "    example.org/m/p, its test: by content\n"
                  "    of no one package: 1 package-index\n"
                  "\nthis machine alone: 1 hit\n"
                  "    fmt: local\n") != std::string::npos);
}

TEST_CASE("why --scope: JSON has every key") {
  const auto json = codec::parse_json(scopes_json(some_scopes()).dump());
  REQUIRE(json);
  const auto& scopes = *json->find("scopes")->as_array();
  REQUIRE(scopes.size() == 2);
  CHECK(scopes[0].text_or("scope", "") == "default-branch");
  const codec::Json& test = scopes[0].find("hits")->as_array()->at(2);
  CHECK(test.text_or("answer", "") == "reused");
  CHECK(test.text_or("action", "").size() == 64);
}

TEST_CASE("why --scope: what it does not go with") {
  Invocation invocation;
  CHECK(option_beside_scope(invocation).empty());
  invocation.options["scope"] = "";
  CHECK(option_beside_scope(invocation).empty());
  invocation.options["against"] = "3";
  CHECK(option_beside_scope(invocation) == "--against");
}

}  // namespace sluice::cli
