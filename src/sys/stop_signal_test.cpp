// That a process stops and goes on: tests/integration/test_test_options.py.
#include "sys/stop_signal.hpp"

#include <doctest/doctest.h>

#include <csignal>

namespace sluice::sys {

TEST_CASE("stop signal: it is told once, and stops nothing by itself") {
  StopSignal stop;
  CHECK_FALSE(stop.take());
  REQUIRE(::raise(SIGTSTP) == 0);
  CHECK(stop.take());
  CHECK_FALSE(stop.take());
}

}  // namespace sluice::sys
