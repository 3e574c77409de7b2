#include "cli/progress.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("progress: elsewhere than on a terminal nobody is asked for a text") {
  ProgressLine line(false);
  bool is_asked = false;
  line.show([&is_asked] {
    is_asked = true;
    return std::string("x");
  });
  CHECK_FALSE(is_asked);
}

}  // namespace sluice::cli
