// Which modules of the module cache a go command may read: those that its build list names.
//
// Reads go.work, go.mod, go.sum and vendor/modules.txt; never runs go, keeps no state: any thread.
// From go 1.17 on a go.mod names every module that packages come from; before that, and in a
// workspace, dependencies of dependencies decide, and the newest version that go.sum knows stands
// for what go would choose. Source: https://go.dev/ref/mod#graph-pruning.
#pragma once

#include "base/result.hpp"
#include "gotool/go_sum.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <string>
#include <vector>

namespace sluice::gotool {

// What the files say; `go_work` is empty outside of a workspace.
struct ModuleFiles {
  std::vector<std::string> go_mods;
  std::string go_work;
  GoSum sums;
};
// In ascending order; without a tree those of which only go.mod is needed. What no sum is known of
// is left out: it could not be verified.
std::vector<SummedModule> needed_modules(const ModuleFiles& files);

// Of the main modules around a directory. Nothing where packages come from vendor/.
// Code::invalid: a go.sum that is none.
Result<std::vector<SummedModule>> needed_modules(const sys::Environment& env,
                                                 const sys::Path& working_directory);

}  // namespace sluice::gotool
