// What `sluice test` was told beside go's words, and how the process that runs the tests is told
// it.
//
// Values. Every refusal is Code::invalid in one line, and changes nothing.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "runner/test_plan.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr std::string_view k_test_options_variable = "SLUICE_TEST_RUN";

struct TestOptions {
  std::string parallel = "auto";
  bool explains = false;
  sys::Path junit;  // empty: none
  std::size_t slowest = 0;
  std::optional<std::size_t> retries;  // none: as the class of the test says
  std::string classes;                 // of --class
  std::string filter;
  bool only_failed = false;  // of --rerun-failed
  std::optional<runner::ShardChoice> shard;
  std::uint64_t seed = 0;  // that tests are told
  bool is_quiet = false;

  // Without that nobody asks what became of each test.
  bool needs_tests() const { return !junit.empty() || slowest != 0 || retries.value_or(0) != 0; }
  // Whether tests are left out, which only sluice does.
  bool chooses() const {
    return !classes.empty() || !filter.empty() || only_failed || shard.has_value();
  }
  // Whether go alone would do something else.
  bool is_told() const { return parallel != "auto" || explains || chooses() || needs_tests(); }

  std::string encode() const;
  static TestOptions decode(std::string_view text);
};

// Whether what is named exists is not looked at, but for directories of files that are written.
Result<TestOptions> test_options_of(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
