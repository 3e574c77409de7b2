#include "agent/given_up_mark.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {

TEST_CASE("a mark is there while its store is given up, and another agent's is left alone") {
  const auto directory = *sys::TempDirectory::create("sluice-mark-");
  const sys::Path file = directory.path() / "k.given-up";
  GivenUpMark mark(file);
  CHECK_FALSE(mark.is_recent());
  mark.set(true);
  CHECK(mark.is_recent());
  mark.set(false);
  CHECK_FALSE(mark.is_recent());
  GivenUpMark next(file);
  next.set(true);
  mark.let_go();
  mark.set(false);
  CHECK(next.is_recent());
  REQUIRE(sys::touch(file, unix_now_ns() - k_given_up_age_max_ns - 1'000'000'000));
  CHECK_FALSE(next.is_recent());
}

}  // namespace sluice::agent
