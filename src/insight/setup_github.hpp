// What `sluice init github` puts into a workflow: a step that begins and a step that ends, in each
// job that starts go.
//
// Pure; any thread. Nothing to put in is an empty list: it is all there, or no job starts go
// (`jobs` says which). What cannot be changed without writing other lines anew is Code::invalid
// with "FILE:LINE:".
#pragma once

#include "base/result.hpp"
#include "insight/text_patch.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

struct SetupPlan {
  std::vector<Insertion> insertions;
  std::size_t jobs = 0;                     // that start go, changed or not
  std::vector<std::string> jobs_elsewhere;  // that start go where sluice does not run: left alone
};

// `action` is what the step's `uses` names, "OWNER/REPO@REF"; empty: it runs the sluice of PATH.
Result<SetupPlan> plan_github(std::string_view text, std::string_view file,
                              std::string_view action);

}  // namespace sluice::insight
