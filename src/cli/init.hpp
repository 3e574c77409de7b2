// `sluice init`: the lines that put the cache around a pipeline's jobs, as a diff, or written.
//
// Owns nothing; called once, from the main thread. Without --write nothing is changed; with it
// every file is planned before the first is written. A file that cannot be changed safely is
// Code::invalid with its place.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct FileChange {
  std::string name;  // as people name it
  sys::Path path;
  std::string before;
  std::string after;
  bool is_new = false;
  bool has_jobs = false;                         // something in it starts go
  std::vector<std::string> jobs_elsewhere = {};  // as in SetupPlan

  bool is_change() const { return before != after; }
};

// What would be changed; `system` is the operand of the command, `directory` the working one.
Result<std::vector<FileChange>> plan_changes(std::string_view system, std::string_view file,
                                             std::string_view action, const sys::Path& directory);

// "OWNER/REPO@REF", with or without a path in it, or a "./path".
bool is_action(std::string_view text);

int run_init(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
