// What the flags of two jobs' commands tell of the causes between them: -tags and cgo by the files
// that they let in, and which flags came by GOFLAGS.
//
// Reads files of the package's directory, if they still are what go hashed; otherwise pure: any
// thread.
#pragma once

#include "gotool/input_changes.hpp"
#include "insight/why.hpp"
#include "journal/queries.hpp"
#include "sys/file.hpp"

#include <string_view>
#include <vector>

namespace sluice::insight {

struct CalledSide {
  const std::vector<journal::CommandRow>& commands;  // of the job that compiled the package
  std::string_view text;                             // of the package's inputs there
};

// Completes `causes`, which are those of `changes`. `roots`: where the package's module may lie,
// for a text that does not say (-trimpath).
void add_flags(std::vector<Cause>& causes, const std::vector<gotool::InputChange>& changes,
               const CalledSide& before, const CalledSide& after,
               const std::vector<sys::Path>& roots);

}  // namespace sluice::insight
