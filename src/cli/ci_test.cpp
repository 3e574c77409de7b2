#include "cli/ci.hpp"

#include "agent/hold.hpp"
#include "cli/output.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

int run_words(const std::vector<std::string>& words, const sys::Environment& env) {
  const auto invocation = parse_words(words);
  REQUIRE(invocation);
  return run_ci(*invocation, env);
}

Result<std::chrono::milliseconds> held_for(const char* text) {
  return hold_of(*parse_words({"ci", "begin", "--hold", text}));
}

TEST_CASE("how long an agent is held") {
  CHECK(*hold_of(*parse_words({"ci", "begin"})) == k_hold_unused);
  CHECK(*held_for("90s") == std::chrono::seconds(90));
  CHECK(*held_for("6h") == agent::k_unused_max);
  for (const char* wrong : {"", "0s", "15", "7h", "long"}) CHECK_FALSE(held_for(wrong));
}

TEST_CASE("wrong words and settings are exit 2, and nothing is started") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  CHECK_FALSE(parse_words({"ci"}));
  CHECK_FALSE(parse_words({"ci", "middle"}));
  CHECK_FALSE(parse_words({"ci", "begin", "--shell", "csh"}));
  CHECK(run_words({"ci", "begin", "--hold", "soon"}, env) == k_exit_usage);
  CHECK(run_words({"ci", "begin", "--file", "x"}, env) == k_exit_usage);
  CHECK(run_words({"ci", "end", "--hold", "1m"}, env) == k_exit_usage);
  CHECK(run_words({"ci", "end", "--shell", "sh"}, env) == k_exit_usage);
  CHECK(run_words({"ci", "end", "--file", ""}, env) == k_exit_usage);
  env.set("SLUICE_MODE", "fast");
  CHECK(run_words({"ci", "begin"}, env) == k_exit_usage);
  CHECK(run_words({"ci", "end"}, env) == k_exit_usage);
}

TEST_CASE("a job that sluice is switched off for is left alone") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  env.set("SLUICE", "off");
  CHECK(run_words({"ci", "begin"}, env) == 0);
}

}  // namespace
}  // namespace sluice::cli
