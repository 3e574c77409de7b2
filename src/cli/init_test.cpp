#include "cli/init.hpp"

#include "cli/output.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

TEST_CASE("what may stand behind uses:") {
  for (const char* good : {"acme/sluice@v1", "acme/tools/sluice@1f2e", "./", "./.github/sluice"}) {
    CHECK(is_action(good));
  }
  for (const char* wrong :
       {"", "sluice", "acme/sluice", "acme@v1", "a/b@", "a/b@v 1", "a/b@v1\nx"}) {
    CHECK_FALSE(is_action(wrong));
  }
}

TEST_CASE("the files of a checkout are planned, and none is changed") {
  const auto checkout = *sys::TempDirectory::create("sluice-init-");
  const sys::Path workflows = checkout.path() / ".github/workflows";
  REQUIRE(sys::make_directories(workflows));
  REQUIRE(sys::make_directories(checkout.path() / ".git"));
  CHECK_FALSE(plan_changes("github", "", "", checkout.path()));
  CHECK_FALSE(plan_changes("gitlab", "", "", checkout.path()));
  const std::string text = "jobs:\n  a:\n    steps:\n      - run: go vet ./...\n";
  REQUIRE(sys::write_file_atomic(workflows / "b.yml", bytes_of(text)));
  REQUIRE(sys::write_file_atomic(workflows / "a.yaml", bytes_of("jobs:\n  a: {}\n")));
  const auto changes = plan_changes("github", "", "acme/sluice@v1", checkout.path());
  REQUIRE(changes);
  REQUIRE(changes->size() == 2);
  CHECK_FALSE((*changes)[0].is_change());
  CHECK_FALSE((*changes)[0].has_jobs);
  CHECK((*changes)[1].name == ".github/workflows/b.yml");
  CHECK((*changes)[1].before == text);
  CHECK((*changes)[1].after.find("- uses: acme/sluice@v1\n") != std::string::npos);
  const auto hooks = plan_changes("buildkite", "", "", checkout.path());
  REQUIRE(hooks);
  REQUIRE(hooks->size() == 2);
  CHECK((*hooks)[0].is_new);
  CHECK_FALSE(plan_changes("generic", "none.sh", "", checkout.path()));
}

TEST_CASE("words that do not go together are exit 2") {
  const auto code = [](const std::vector<std::string>& words) {
    return run_init(*parse_words(words), {});
  };
  CHECK_FALSE(parse_words({"init"}));
  CHECK_FALSE(parse_words({"init", "travis"}));
  CHECK(code({"init", "generic"}) == k_exit_usage);
  CHECK(code({"init", "gitlab", "--action", "a/b@v1"}) == k_exit_usage);
  CHECK(code({"init", "github", "--action", "a"}) == k_exit_usage);
  CHECK(code({"init", "buildkite", "--file", "x"}) == k_exit_usage);
}

}  // namespace
}  // namespace sluice::cli
