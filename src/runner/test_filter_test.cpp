#include "runner/test_filter.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

bool has_class(std::string_view name) { return name == "unit" || name == "db"; }

// Of the test TestOne of class db, of a file with the tag slow, in m/a/b.
bool chosen(std::string_view text) {
  const auto filter = TestFilter::parse(text, has_class);
  REQUIRE(filter);
  CHECK(filter->chooses());
  const std::vector<std::string> tags = {"slow"};
  return filter->matches({"m/a/b", "TestOne", "db", tags});
}

std::string refusal(std::string_view text) {
  const auto filter = TestFilter::parse(text, has_class);
  REQUIRE_FALSE(filter);
  CHECK(filter.error().code == Code::invalid);
  return filter.error().message;
}

}  // namespace

TEST_CASE("test filter: nothing said chooses everything") {
  const std::vector<std::string> none;
  CHECK_FALSE(TestFilter().chooses());
  CHECK(TestFilter().matches({"m", "TestA", "unit", none}));
}

TEST_CASE("test filter: what a test is") {
  CHECK(chosen("class(db)"));
  CHECK_FALSE(chosen("class(unit)"));
  CHECK(chosen("test(TestOne)"));
  CHECK(chosen("test( Test* )"));
  CHECK_FALSE(chosen("test(One)"));
  CHECK(chosen("package(m/a/...)"));
  CHECK_FALSE(chosen("package(m/a)"));
  CHECK(chosen("tag(slow)"));
  CHECK_FALSE(chosen("tag(fast)"));
}

TEST_CASE("test filter: not before and, and before or") {
  CHECK(chosen("class(db)&test(TestOne)"));
  CHECK_FALSE(chosen("class(db) & !tag(slow)"));
  CHECK(chosen("class(unit) & tag(slow) | class(db)"));
  CHECK_FALSE(chosen("class(unit) & (tag(slow) | class(db))"));
  CHECK(chosen("class(db) | class(unit) & tag(fast)"));
  CHECK(chosen("not class(unit) and (tag(fast) or tag(slow))"));
  CHECK(chosen("!!class(db)"));
}

TEST_CASE("test filter: what is wrong is said with its place") {
  CHECK(refusal("") ==
        "at character 1 there should be class(...), test(...), package(...) or tag(...), not its "
        "end");
  CHECK(refusal("class(none)") == "there is no class \"none\"");
  CHECK(refusal("class(db) class(db)") ==
        "at character 11 there should be \"&\", \"|\" or the end, not \"class(db)\"");
  CHECK(refusal("(class(db)").starts_with("at character 11 there should be \")\""));
  CHECK(refusal("name(x)").starts_with("at character 1 there should be class(...)"));
  for (const std::string_view text : {"class", "class(", "class()", "class(db", "&", "class(db) |",
                                      "!", "()", "class(db))", "test(a)b"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
  CHECK(refusal("package(./u)") == "package(./u): an import path, no directory");
  CHECK(refusal("test(\"TestA\")") == "test(\"TestA\"): without quotes");
  CHECK(refusal(std::string(100, '(') + "class(db)") == "too many parentheses");
  CHECK(refusal(std::string(100, '!') + "class(db)") == "too many parentheses");
  CHECK(refusal(std::string(5000, ' ')) == "longer than 4096 characters");
}

}  // namespace sluice::runner
