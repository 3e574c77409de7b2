#include "insight/go_test_flags.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

TestFlags of(const std::vector<std::string>& words, std::string_view goflags = "", int minor = 27) {
  return test_flags(words, goflags, minor);
}

}  // namespace

TEST_CASE("test flags: what go keeps and what it does not") {
  CHECK_FALSE(of({"go", "build", "./..."}).is_test);
  CHECK_FALSE(of({"go", "test", "-c", "./p"}).is_test);
  CHECK(of({"go", "test", "./..."}).uncacheable.empty());
  CHECK(of({"go", "test", "-count=1", "./..."}).uncacheable == "-count=1");
  CHECK(of({"go", "test", "-count", "1", "./..."}).uncacheable == "-count");
  CHECK(of({"go", "test", "--shuffle=on", "./..."}).uncacheable == "--shuffle=on");
  CHECK(of({"go", "test", "./...", "-args", "x"}).uncacheable == "-args");
  CHECK(of({"go", "test", "./...", "-update"}).uncacheable == "-update");
  CHECK(of({"go", "test", "-coverprofile", "c.out", "./..."}).uncacheable.empty());
  CHECK(of({"go", "test", "-coverprofile=c.out", "./..."}, "", 24).uncacheable ==
        "-coverprofile=c.out");
  CHECK(of({"go", "test", "./..."}, "-count=1 -mod=mod").uncacheable == "-count=1");
}

TEST_CASE("test flags: whether packages are named, values of flags apart") {
  CHECK_FALSE(of({"go", "test"}).names_packages);
  CHECK_FALSE(of({"go", "test", "-run", "TestX", "-v"}).names_packages);
  CHECK(of({"go", "test", "-run", "TestX", "."}).names_packages);
  CHECK(of({"go", "test", "-race", "./p"}).names_packages);
  CHECK_FALSE(of({"go", "test", "-args", "./p"}).names_packages);
}

TEST_CASE("test flags: those in the key, however they are written") {
  const auto one = of({"go", "test", "-short", "-run", "X", "./..."}).keyed;
  const auto other = of({"go", "test", "--test.run=X", "./...", "-short"}).keyed;
  CHECK(one == other);
  CHECK(one == std::vector<std::string>{"-run=X", "-short"});
  CHECK(of({"go", "test", "-race", "-tags=x", "./..."}).keyed.empty());
  // A profile is kept with the result, whatever file it goes to.
  CHECK(of({"go", "test", "-coverprofile", "a", "./..."}).keyed ==
        of({"go", "test", "./..."}, "-coverprofile=b").keyed);
  CHECK(of({"go", "test", "-coverprofile=a", "./..."}, "", 24).keyed.empty());
}

}  // namespace sluice::insight
