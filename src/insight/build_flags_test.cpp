#include "insight/build_flags.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

journal::CommandRow command(std::vector<std::string> words, std::string goflags = "") {
  journal::CommandRow row;
  row.words = std::move(words);
  row.goflags = std::move(goflags);
  return row;
}

std::optional<GivenFlag> only(const journal::CommandRow& row, std::string_view name = "tags") {
  const auto flag = flag_of({row}, name);
  REQUIRE(flag.is_known);
  return flag.given;
}

}  // namespace

TEST_CASE("build flags: by words in each of their forms, the last counts") {
  CHECK(only(command({"go", "build", "-tags=a,b", "./..."})) == GivenFlag{"a,b", false});
  CHECK(only(command({"go", "build", "--tags", "a b", "./..."})) == GivenFlag{"a b", false});
  CHECK(only(command({"go", "vet", "-tags", "a", "-tags=b"})) == GivenFlag{"b", false});
  CHECK(only(command({"go", "build", "-race", "-tags=b"}), "race") == GivenFlag{"true", false});
  CHECK_FALSE(only(command({"go", "build", "-o", "-tags=b", "."})));
}

TEST_CASE("build flags: words behind a package are go's only for tests, and not behind -args") {
  CHECK_FALSE(only(command({"go", "run", ".", "-tags=a"})));
  CHECK(only(command({"go", "test", "./...", "-tags=a"})) == GivenFlag{"a", false});
  CHECK_FALSE(only(command({"go", "test", "./...", "-args", "-tags=a"})));
}

TEST_CASE("build flags: GOFLAGS come first, words count more") {
  CHECK(only(command({"go", "build"}, "-mod=mod '-tags=a b'")) == GivenFlag{"a b", true});
  CHECK(only(command({"go", "build", "-tags=c"}, "-tags=a")) == GivenFlag{"c", false});
  CHECK_FALSE(flag_of({command({"go", "build"}, "'-tags=a")}, "tags").is_known);
}

TEST_CASE("build flags: of a job they are known where its commands agree") {
  const auto with = command({"go", "build", "-tags=a"});
  CHECK(flag_of({command({"go", "env"}), with, with}, "tags").given == GivenFlag{"a", false});
  CHECK_FALSE(flag_of({with, command({"go", "vet"})}, "tags").is_known);
  CHECK_FALSE(flag_of({with, command({"make"})}, "tags").is_known);
  CHECK_FALSE(flag_of({command({"go", "-C", "sub", "build"})}, "tags").is_known);
  CHECK_FALSE(flag_of({}, "tags").is_known);
}

}  // namespace sluice::insight
