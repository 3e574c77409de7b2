#include "insight/setup_script.hpp"

#include "insight/golden_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("scripts: what is put in, and what is refused") {
  testing::check_golden_files(sys::Path(SLUICE_INIT_CORPUS) / "generic", false, plan_script);
}

TEST_CASE("hooks that are there keep what they do") {
  const std::string_view text = "#!/usr/bin/env bash\n# ours\nset -eu\n\nexport A=1\n";
  const auto begin = plan_hook(text, "pre-command", Hook::pre_command);
  REQUIRE(begin);
  CHECK(with_insertions(text, begin->insertions) ==
        "#!/usr/bin/env bash\n# ours\nset -eu\neval \"$(sluice ci begin)\"\n\nexport A=1\n");
  const auto end = plan_hook(text, "pre-exit", Hook::pre_exit);
  REQUIRE(end);
  CHECK(with_insertions(text, end->insertions) ==
        "#!/usr/bin/env bash\n# ours\nset -eu\nsluice ci end || true\n\nexport A=1\n");
  CHECK_FALSE(plan_hook("#!/usr/bin/env node\n", "pre-exit", Hook::pre_exit));
}

TEST_CASE("a hook that was not there is all there at once") {
  for (const Hook hook : {Hook::pre_command, Hook::pre_exit}) {
    const auto plan = plan_hook(new_hook(hook), "hook", hook);
    REQUIRE(plan);
    CHECK(plan->insertions.empty());
  }
}

}  // namespace sluice::insight
