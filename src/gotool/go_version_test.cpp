#include "gotool/go_version.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string_view>

using namespace sluice::gotool;

TEST_CASE("versions are ordered as Go orders them") {
  // Each below the next, from the comment of internal/gover.
  constexpr std::array<std::string_view, 13> ordered = {
      "nonsense", "1.2",    "1.20rc1", "1.20",    "1.20.1", "1.21", "1.21rc1",
      "1.21rc2",  "1.21.0", "1.21.9",  "1.21.10", "1.27.4", "2"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      CAPTURE(ordered[i]);
      CAPTURE(ordered[j]);
      const int order = compare_go_versions(ordered[i], ordered[j]);
      CHECK((order < 0) == (i < j));
      CHECK((order == 0) == (i == j));
    }
  }
  // Before 1.21 the plain "1.20" is the release itself, above its candidates.
  CHECK(compare_go_versions("1.20rc1", "1.20") < 0);
  CHECK(compare_go_versions("1.20", "1.20.0") == 0);
}

TEST_CASE("what is a version") {
  CHECK(is_go_version("1.26.8"));
  CHECK(is_go_version("1.27rc1"));
  CHECK_FALSE(is_go_version("go1.26.8"));
  CHECK_FALSE(is_go_version("1.026"));
  CHECK_FALSE(is_go_version("1.26.8rc1"));
  CHECK_FALSE(is_go_version("1.26."));
  CHECK_FALSE(is_go_version(""));
  CHECK(is_language_version("1.21"));
  CHECK_FALSE(is_language_version("1.20"));
  CHECK_FALSE(is_language_version("1.21.0"));
  CHECK_FALSE(is_language_version("1.21rc1"));
}

TEST_CASE("toolchain names") {
  CHECK(version_of_toolchain("go1.26.8") == "1.26.8");
  CHECK(version_of_toolchain("go1.26.8-custom") == "1.26.8");
  CHECK(version_of_toolchain("go1.26.8 X:rangefunc") == "1.26.8");
  CHECK(version_of_toolchain("gone") == "");
  CHECK(version_of_toolchain("1.26.8") == "");
  CHECK(version_of_toolchain("go1.2/../../x") == "");
  CHECK(minor_of("go1.26.8") == 26);
  CHECK(minor_of("1.27rc1") == 27);
  CHECK(minor_of("go1.28-devel_abc") == 28);
  CHECK(minor_of("go2.1") == 0);
  CHECK(minor_of("devel") == 0);
}
