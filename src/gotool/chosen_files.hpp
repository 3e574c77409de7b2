// Whether a file of a package came or went because go was called with other tags, or with cgo on
// where it was off: its build constraints, evaluated as both calls had it.
//
// Reads the file, if it still is what go hashed, keeps no state: any thread. A file that was
// changed since, or that cannot be read, is not known to have come or gone so.
#pragma once

#include "gotool/build_tags.hpp"
#include "gotool/input_changes.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// How one of the two calls chose.
struct FileChoice {
  std::string_view text;    // the package's inputs
  TagNames tags;            // of -tags
  std::optional<bool> cgo;  // nothing: not known, and then it must not matter
};

// `file`: a change of InputKind::file with only one of its sides. `directories`: where the
// package's files may lie.
bool is_chosen(const InputChange& file, const FileChoice& before, const FileChoice& after,
               const std::vector<sys::Path>& directories);

}  // namespace sluice::gotool
