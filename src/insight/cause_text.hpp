// What differs between two builds of a package as causes, in words for people.
//
// Pure functions: any thread.
#pragma once

#include "gotool/input_changes.hpp"
#include "insight/why.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

// A package's own causes: everything but its imports. What only follows from something else in the
// list is left out: files of the standard library that come with another Go, files that a tag, a
// platform or cgo lets in. `text`: the package's inputs after the changes.
std::vector<Cause> causes_of(const std::vector<gotool::InputChange>& changes,
                             std::string_view text);
// Of a package whose directory differs although the checkout's does not.
Cause directory_in_checkout(const gotool::InputChange& change);
// Where nothing else differs: imports that came or went.
std::vector<Cause> causes_of_imports(const std::vector<gotool::InputChange>& changes);
// Imports that differ, and nothing is known of why.
std::vector<Cause> causes_of_dependencies(const std::vector<std::string>& imports);

// "a, b and 3 more"
std::string names_text(const std::vector<std::string>& names);

// Whether a package belongs to the standard library, by the text of its inputs.
bool is_standard(std::string_view text);
// Whether causes are about this package's own files, so that no other package has the same.
bool is_of_one_package(const std::vector<Cause>& causes);

}  // namespace sluice::insight
