// `sluice job`: a whole job as one command. It ends when its uploads have, reports what it leaves
// behind, and with --isolated has its own local tier, temporary files and agent.
//
// Called once, from the main thread; ends as the command ends. What cannot be isolated is said and
// the command is not run (exit 1); nothing else of sluice fails it.
#pragma once

#include "cli/parse.hpp"
#include "sys/descendants.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::cli {

struct LeftFiles {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> names;  // the first few, in the directory
};
LeftFiles files_left_in(const sys::Path& directory);

// Directories for temporary files that all jobs of a host share: what ignores TMPDIR writes there.
class SharedTemporary {
 public:
  // Remembers what is there now.
  explicit SharedTemporary(std::vector<sys::Path> places);
  // What this user has there now and was not there then, without what leads to `own`. Some of it
  // may be another job's.
  std::vector<std::string> appeared(const std::vector<sys::Path>& own) const;

 private:
  std::vector<sys::Path> entries() const;  // in order

  std::vector<sys::Path> places_;
  std::vector<sys::Path> before_;
};

// One line each, for what a job left.
std::vector<std::string> leak_lines(const std::vector<sys::Descendant>& processes,
                                    const LeftFiles& files,
                                    const std::vector<std::string>& appeared);

int run_job(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
