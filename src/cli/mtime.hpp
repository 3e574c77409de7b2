// `sluice mtime`: gives what git tracks modification times that are made of its content.
//
// Owns nothing; called once, from the main thread. Only in a git work tree, else exit 2; files that
// resist are counted, and the exit status is 1 then. Symbolic links are never followed, .git is
// never touched.
#pragma once

#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <cstddef>
#include <string>

namespace sluice::cli {

struct MtimeOutcome {
  std::size_t files = 0;        // that git tracks and that are there
  std::size_t directories = 0;  // whose time is made of their names
  std::size_t changed = 0;      // had another time
  std::size_t hashed = 0;       // look other than in git's index: their content was read
  std::size_t modified = 0;     // of them: have other content than there
  std::size_t failures = 0;
  std::string first_failure;
};

// What happened, for people and for programs.
std::string mtime_text(const MtimeOutcome& outcome, bool dry_run);
std::string mtime_json(const MtimeOutcome& outcome, bool dry_run);

int run_mtime(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
