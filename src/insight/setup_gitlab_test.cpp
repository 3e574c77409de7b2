#include "insight/setup_gitlab.hpp"

#include "insight/golden_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("pipelines: what is put in, and what is refused") {
  testing::check_golden_files(sys::Path(SLUICE_INIT_CORPUS) / "gitlab", true, plan_gitlab);
}

}  // namespace sluice::insight
