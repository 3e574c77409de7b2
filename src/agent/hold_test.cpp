#include "agent/hold.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {

TEST_CASE(
    "an agent is held while it is unused for less than was asked, and no longer than the bound") {
  using std::chrono::minutes;
  const Hold::Clock::time_point used{};
  Hold hold;
  CHECK_FALSE(hold.keeps(used, used));
  hold.begin(minutes(15));
  CHECK(hold.keeps(used, used + minutes(14)));
  CHECK_FALSE(hold.keeps(used, used + minutes(15)));
  hold.begin(std::chrono::hours(1000));
  CHECK(hold.keeps(used, used + k_unused_max - minutes(1)));
  CHECK_FALSE(hold.keeps(used, used + k_unused_max));
  hold.begin(std::chrono::milliseconds(-5));
  CHECK_FALSE(hold.keeps(used, used));
}

}  // namespace sluice::agent
