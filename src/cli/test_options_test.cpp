#include "cli/test_options.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

Result<TestOptions> options_of(const std::vector<std::string>& words,
                               const std::string& seed = "") {
  std::vector<std::string> all = {"test", "./..."};
  all.insert(all.end(), words.begin(), words.end());
  const auto invocation = parse_words(all);
  REQUIRE(invocation);
  sys::Environment env;
  if (!seed.empty()) env.set("SLUICE_SEED", seed);
  return test_options_of(*invocation, env);
}

std::string refusal(const std::vector<std::string>& words, const std::string& seed = "") {
  const auto options = options_of(words, seed);
  REQUIRE_FALSE(options);
  CHECK(options.error().code == Code::invalid);
  return options.error().message;
}

}  // namespace

TEST_CASE("test options: nothing said") {
  const auto options = options_of({});
  REQUIRE(options);
  CHECK_FALSE(options->is_told());
  CHECK_FALSE(options->retries);
}

TEST_CASE("test options: what was said reaches whoever runs the tests") {
  const auto made = sys::TempDirectory::create("options");
  REQUIRE(made);
  const std::string file = (made->path() / "out.xml").native();
  const auto told =
      options_of({"--parallel", "fixed=2", "--explain-schedule", "--junit", file, "--slowest=3",
                  "--retries=0", "--class", "unit,e2e", "--filter=tag(x)", "--rerun-failed",
                  "--shard", "2/5", "--plan", file},
                 "18446744073709551615");
  REQUIRE(told);
  const TestOptions got = TestOptions::decode(told->encode());
  CHECK(got.parallel == "fixed=2");
  CHECK(got.explains);
  CHECK(got.junit == file);
  CHECK(got.slowest == 3);
  CHECK(got.retries == 0U);
  CHECK(got.classes == "unit,e2e");
  CHECK(got.filter == "tag(x)");
  CHECK(got.only_failed);
  REQUIRE(got.shard);
  CHECK(got.shard->number == 2);
  CHECK(got.shard->count == 5);
  CHECK(got.shard->file == file);
  CHECK(got.seed == 18446744073709551615ULL);
  CHECK(got.is_told());
  CHECK(got.chooses());
  CHECK_FALSE(TestOptions::decode("no json").is_told());
}

TEST_CASE("test options: what is refused") {
  CHECK(refusal({"--parallel", "fast"}).starts_with("--parallel: \"fast\" is not auto"));
  CHECK(refusal({"--slowest", "many"}) == "--slowest: \"many\" is no number up to 1000");
  CHECK(refusal({"--retries", "11"}) == "--retries: \"11\" is no number up to 10");
  CHECK(refusal({"--junit", "/none/out.xml"}) == "--junit: /none is no directory");
  CHECK(refusal({"--junit", "/tmp"}) == "--junit: /tmp is a directory");
  for (const char* wrong :
       {"0/5", "6/5", "x/5", "2", "2/", "/5", "2/0", "1/1001", "-1/5", "2/5/6"}) {
    CAPTURE(wrong);
    CHECK(refusal({"--shard", wrong}).starts_with("--shard: \""));
  }
  CHECK(refusal({"--shard", "plan/5"}) == "--shard: plan/N needs a --plan FILE to write");
  CHECK(refusal({"--plan", "/tmp/x"}) == "--plan: goes with --shard");
  CHECK(refusal({"--class", ""}) == "--class is empty");
  CHECK(refusal({"--filter", ""}) == "--filter is empty");
  CHECK(refusal({}, "x") == "SLUICE_SEED: \"x\" is no number");
}

}  // namespace sluice::cli
