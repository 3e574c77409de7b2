// The classes of tests of a checkout, and which of them a command is for.
//
// Reads files only: any thread. Every refusal is Code::invalid in one line.
#pragma once

#include "base/result.hpp"
#include "gotool/test_words.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_rules.hpp"
#include "sys/file.hpp"

#include <string_view>

namespace sluice::cli {

struct CheckoutRules {
  runner::TestRules rules;
  sys::Path directory;  // of sluice.toml; without one the given
};

// Of sluice.toml as resolve_settings() finds it.
Result<CheckoutRules> load_test_rules(const sys::Path& working_directory);

// What --class says ("integration,e2e") and what --filter does; empty: nothing is chosen.
Result<runner::Selection> selection_of(std::string_view classes, std::string_view filter,
                                       const runner::TestRules& rules);

// The build has the tags of the classes that are chosen; `goflags` may have some already.
void add_tags(gotool::TestWords& words, const runner::Selection& selection,
              const runner::TestRules& rules, std::string_view goflags);

}  // namespace sluice::cli
