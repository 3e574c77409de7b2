#include "cli/ci_end.hpp"

#include "sys/file.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("the end of a job that never began is no failure") {
  const auto home = *sys::TempDirectory::create("sluice-end-");
  sys::Environment env;
  env.set("HOME", home.path().native());
  env.set("XDG_RUNTIME_DIR", home.path().native());
  env.set("CI", "true");
  const auto invocation = parse_words({"ci", "end"});
  REQUIRE(invocation);
  CHECK(end_job(*invocation, env) == 0);
  CHECK(end_job(*invocation, env) == 0);
}

}  // namespace sluice::cli
