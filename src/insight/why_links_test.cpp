// With real go: tests/integration/test_why.py.
#include "insight/why_links.hpp"

#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::vector<LinkWhy> links_of(const Diary& diary) {
  auto database = diary.open();
  auto explanation = explain(database, *journal::find_job(database, "last"), std::nullopt);
  REQUIRE(explanation);
  return explanation->links;
}

Cause only_cause(const Diary& diary) {
  const auto links = links_of(diary);
  REQUIRE(links.size() == 1);
  REQUIRE(links.front().causes.size() == 1);
  return links.front().causes.front();
}

Diary::Command link(std::vector<std::string> words, std::vector<std::string> linked = {"m/cmd"}) {
  return {.words = std::move(words), .linked = std::move(linked)};
}

}  // namespace

TEST_CASE("why of links: a main package that was compiled is why") {
  Diary diary;
  diary.run({.words = {"go", "build"},
             .compiled = {{"m/cmd", text_of("m/cmd", {"main.go=a"}, {})}},
             .linked = {"m/cmd"}});
  diary.run({.words = {"go", "build"},
             .compiled = {{"m/cmd", text_of("m/cmd", {"main.go=b"}, {})}},
             .linked = {"m/cmd"}});
  CHECK(only_cause(diary) == Cause{"file", "main.go changed"});
  CHECK(links_of(diary).front().is_compiled);
  CHECK(links_of(diary).front().is_proven);
}

TEST_CASE("why of links: flags of the linker by the commands, which is no proof") {
  Diary diary;
  diary.run(link({"go", "build", "-trimpath"}));
  CHECK(only_cause(diary).kind == "never-linked");
  diary.run(link({"go", "build", "-trimpath", "-ldflags=-s -w"}));
  CHECK(only_cause(diary) == Cause{"ld_flags", "-ldflags: not set -> -s -w"});
  CHECK_FALSE(links_of(diary).front().is_proven);
  diary.run(link({"go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=pie"}));
  CHECK(only_cause(diary) == Cause{"build_mode", "-buildmode: not set -> pie"});
  diary.run(link({"go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=pie"}));
  CHECK(only_cause(diary).kind == "relinked");
}

TEST_CASE("why of links: programs of tests are explained as tests") {
  Diary diary;
  diary.run(link({"go", "test", "./..."}, {"m/p.test"}));
  CHECK(links_of(diary).empty());
}

}  // namespace sluice::insight
