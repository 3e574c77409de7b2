#include "runner/cover_profile.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("cover profile: blocks stand behind the mode") {
  CHECK(blocks_of("mode: set\na.go:1.1,2.2 1 1\n") == "a.go:1.1,2.2 1 1\n");
  CHECK(blocks_of("mode: set\n").empty());
  CHECK(blocks_of("mode: set").empty());
  CHECK(blocks_of("a.go:1.1,2.2 1 1\n").empty());
  CHECK(blocks_of("").empty());
}

TEST_CASE("cover profile: what tests have counted stands behind what go has written") {
  const auto made = sys::TempDirectory::create("profile");
  const sys::Path file = made->path() / "c.out";
  CHECK(append_profiles(file, {}).error().code == Code::not_found);
  REQUIRE(sys::write_file_atomic(file, bytes_of("mode: set\nnone.go:1.1,2.2 1 0\n")));
  REQUIRE(append_profiles(
      file, {{"b", "mode: set\nb.go:1 1 1\n"}, {"a", "mode: set\na.go:1.1,2.2 1 1\n"}, {"c", ""}}));
  const auto bytes = sys::read_file(file, 4096);
  REQUIRE((bytes && *bytes));
  CHECK(text_of(**bytes) == "mode: set\nnone.go:1.1,2.2 1 0\na.go:1.1,2.2 1 1\nb.go:1 1 1\n");
}

}  // namespace sluice::runner
