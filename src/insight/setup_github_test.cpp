#include "insight/setup_github.hpp"

#include "insight/golden_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

const sys::Path k_corpus = SLUICE_INIT_CORPUS;

TEST_CASE("workflows: what is put in, and what is refused") {
  testing::check_golden_files(
      k_corpus / "github", true,
      [](std::string_view text, std::string_view file) { return plan_github(text, file, ""); });
}

TEST_CASE("workflows: an action in the place of a command") {
  const std::string_view action = "acme/sluice-action@v1";
  testing::check_golden_files(
      k_corpus / "github-action", true,
      [action](std::string_view text, std::string_view file) {
        return plan_github(text, file, action);
      },
      action);
}

TEST_CASE("workflows: jobs that start go are counted, changed or not") {
  const auto none = plan_github("jobs:\n  a:\n    steps:\n      - run: npm ci\n", "w.yml", "");
  REQUIRE(none);
  CHECK(none->jobs == 0);
  CHECK(none->insertions.empty());
  const auto some = plan_github(
      "jobs:\n  a:\n    steps:\n      - run: sluice ci begin\n      - run: env X=1 go vet ./...\n"
      "      - run: sluice ci end\n",
      "w.yml", "");
  REQUIRE(some);
  CHECK(some->jobs == 1);
  CHECK(some->insertions.empty());
}

}  // namespace
}  // namespace sluice::insight
