#include "insight/why_tests.hpp"

#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using journal::Answer;
using journal::TestCause;
using journal::Tested;

const Tested k_passed{"m/p", Answer::missed, TestCause::none, 1000, {}, 1};

TestWhy only_test(const Diary& diary) {
  auto database = diary.open();
  auto explanation = explain(database, *journal::find_job(database, "last"), std::nullopt);
  REQUIRE(explanation);
  REQUIRE(explanation->tests.size() == 1);
  return explanation->tests.front();
}

std::string kind_of(const TestWhy& test) {
  REQUIRE(test.causes.size() == 1);
  return test.causes.front().kind;
}

}  // namespace

TEST_CASE("why of tests: inputs by name, variables as such") {
  Diary diary;
  diary.run({.tested = {{"m/p",
                         Answer::refused,
                         TestCause::inputs,
                         0,
                         {"open p/testdata/a", "stat p/testdata/a", "getenv HOME"},
                         0},
                        k_passed}});
  const auto test = only_test(diary);
  CHECK_FALSE(test.is_hit());
  CHECK(test.is_proven);
  CHECK(test.causes.front().text == "p/testdata/a, variable HOME changed");
}

TEST_CASE("why of tests: what was compared with is no fact after a kept result has answered") {
  Diary diary;
  diary.run({.tested = {k_passed}});
  diary.run({.tested = {{"m/p", Answer::reused, TestCause::none, 1000, {}, 0}}});
  const auto missed = [](std::vector<std::string> names) {
    return Tested{"m/p", Answer::missed, TestCause::inputs, 0, std::move(names), 0};
  };
  diary.run({.tested = {missed({"open p/a", "getenv HOME"}), k_passed}});
  const auto test = only_test(diary);
  CHECK_FALSE(test.is_proven);
  CHECK(test.causes.front().text ==
        "p/a, variable HOME changed since the last run that left a result");
  diary.run({.tested = {missed({"open p/a", "getenv HOME"}), k_passed}});
  CHECK(only_test(diary).is_proven);
  diary.run({.tested = {{"m/p", Answer::local, TestCause::none, 1000, {}, 0}}});
  diary.run({.tested = {missed({"open p/a"}), k_passed}});
  CHECK(only_test(diary).is_proven);  // there is nothing else that it could be
}

TEST_CASE("why of tests: a file too young for go to look is a fact, and has a run after it") {
  Diary diary;
  diary.run({.linked = {"m/p.test"},
             .tested = {{"m/p", Answer::missed, TestCause::too_new, 0, {"open p/a"}, 0}}});
  const auto test = only_test(diary);
  CHECK(kind_of(test) == "too-young");
  CHECK(test.is_proven);
  CHECK(test.causes.front().text.starts_with("p/a changed less than 2 s before"));
  diary.run({.linked = {"m/p.test"}, .tested = {k_passed}});
  CHECK(kind_of(only_test(diary)) == "too-young-before");
  CHECK_FALSE(only_test(diary).is_proven);
}

TEST_CASE("why of tests: a result that was there and not given is a fact") {
  const Tested again{"m/p", Answer::missed, TestCause::verify, 0, {}, 0};
  Diary diary;
  diary.run({.linked = {"m/p.test"}, .tested = {again, k_passed}});
  CHECK(kind_of(only_test(diary)) == "verify");
  CHECK(only_test(diary).is_proven);
  CHECK(only_test(diary).causes.front().text == "run again for --verify-tests");
  diary.run({.linked = {"m/p.test"}, .tested = {again}});
  CHECK(only_test(diary).causes.front().text.starts_with(
      "run again for --verify-tests, and left no result"));
}

TEST_CASE("why of tests: a hit has no cause") {
  Diary diary;
  diary.run({.tested = {{"m/p", Answer::reused, TestCause::none, 1000, {}, 0}}});
  CHECK(only_test(diary).is_hit());
  CHECK(only_test(diary).causes.empty());
}

TEST_CASE("why of tests: another binary has the causes of its packages") {
  Diary diary;
  diary.run({.compiled = {{"m/p [m/p.test]", text_of("m/p", {"p.go=a", "p_test.go=t"}, {})}},
             .linked = {"m/p.test"},
             .tested = {k_passed}});
  diary.run({.compiled = {{"m/p [m/p.test]", text_of("m/p", {"p.go=b", "p_test.go=t"}, {})}},
             .linked = {"m/p.test"},
             .tested = {k_passed}});
  const auto test = only_test(diary);
  CHECK(test.causes.front().text == "p.go changed");
  CHECK(test.is_proven);
}

TEST_CASE("why of tests: what go keeps no result of") {
  Diary diary;
  diary.run({.words = {"go", "test", "-count=1", "./..."}, .linked = {"m/p.test"}});
  CHECK(kind_of(only_test(diary)) == "uncacheable-flag");
  diary.run({.words = {"go", "test"}, .linked = {"m/p.test"}});
  CHECK(kind_of(only_test(diary)) == "not-package-list");
  diary.run({.exit_status = 1, .linked = {"m/p.test"}});
  CHECK(kind_of(only_test(diary)) == "failed");
  CHECK_FALSE(only_test(diary).is_proven);
  diary.run({.linked = {"m/p.test"}});
  CHECK(kind_of(only_test(diary)) == "too-young");
  diary.run({.exit_status = journal::k_exit_unknown, .linked = {"m/p.test"}});
  CHECK(kind_of(only_test(diary)) == "unkept");
  diary.run({.linked = {"m/p.test"}, .tested = {k_passed}});
  CHECK(kind_of(only_test(diary)) == "unkept-before");
}

TEST_CASE("why of tests: what the last run was like") {
  Diary diary;
  diary.run({.linked = {"m/p.test"}, .tested = {k_passed}});
  CHECK(kind_of(only_test(diary)) == "never-tested");
  diary.run({.words = {"go", "test", "-run=X", "./..."}, .tested = {k_passed}});
  CHECK(only_test(diary).causes.front().text == "test flags: none -> -run=X");
  diary.run({.exit_status = 1, .linked = {"m/p.test"}});
  diary.run({.linked = {"m/p.test"}, .tested = {k_passed}});
  CHECK(kind_of(only_test(diary)) == "failed-before");
  diary.run({.linked = {"m/p.test"}, .tested = {k_passed}});
  CHECK(kind_of(only_test(diary)) == "no-log");
}

}  // namespace sluice::insight
