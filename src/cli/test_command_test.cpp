#include "cli/test_command.hpp"

#include "cli/output.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("test command: its inner side is for sluice itself") {
  CHECK(run_tests_inside({"test", "./..."}, {}) == k_exit_usage);
  CHECK(run_tests_inside({}, {}) == k_exit_usage);
}

}  // namespace sluice::cli
