#include "insight/setup_jenkins.hpp"

#include "insight/golden_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("Jenkinsfiles: what is put in, and what is refused") {
  testing::check_golden_files(sys::Path(SLUICE_INIT_CORPUS) / "jenkins", false, plan_jenkins);
}

}  // namespace sluice::insight
