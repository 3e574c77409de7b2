// For tests of what `sluice init` puts in: files of the corpus before and after, and those that are
// refused.
//
// In DIRECTORY: NAME is what is there, NAME.after what comes of it, NAME.refused the error's text.
// With neither of the two nothing is changed.
#pragma once

#include "insight/setup_check.hpp"
#include "insight/setup_github.hpp"
#include "insight/text_patch.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace sluice::insight::testing {

inline std::optional<std::string> text_in(const sys::Path& file) {
  const auto bytes = sys::read_file(file, 1U << 20U);
  if (!bytes || !*bytes) return std::nullopt;
  return std::string(text_of(**bytes));
}

using TestedPlan = std::function<Result<SetupPlan>(std::string_view text, std::string_view file)>;

inline void check_golden_files(const sys::Path& directory, bool is_yaml, const TestedPlan& plan,
                               std::string_view action = "") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".after") || name.ends_with(".refused")) continue;
    INFO(name);
    ++count;
    const std::string before = *text_in(entry.path());
    const auto planned = plan(before, name);
    if (const auto refused = text_in(entry.path().native() + ".refused")) {
      REQUIRE_FALSE(planned);
      CHECK(planned.error().code == Code::invalid);
      CHECK(planned.error().message + "\n" == *refused);
      continue;
    }
    REQUIRE_MESSAGE(planned.has_value(), (planned ? "" : planned.error().message));
    const std::string after = with_insertions(before, planned->insertions);
    CHECK(after == text_in(entry.path().native() + ".after").value_or(before));
    if (is_yaml) CHECK(*says_the_same(before, after, name, action));
    const auto again = plan(after, name);
    REQUIRE(again);
    CHECK(again->insertions.empty());
  }
  CHECK(count >= 4);
}

}  // namespace sluice::insight::testing
