// For tests: feeds a text to a checking program of the machine.
//
// Uses the process's own environment; one thread. A program that is not installed gives nothing.
#pragma once

#include "base/bytes.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

struct Checked {
  bool success = false;
  std::string output;  // stdout and stderr
};

// Runs `program options... FILE`, FILE holding the text.
inline std::optional<Checked> check_script(const std::string& program,
                                           std::vector<std::string> options,
                                           const std::string& text) {
  const sys::Environment env = sys::Environment::of_process();
  const auto path = sys::find_in_path(program, env);
  const auto shell = sys::find_in_path("sh", env);
  const auto directory = sys::TempDirectory::create("script");
  if (!path || !shell || !directory) return std::nullopt;
  const sys::Path file = directory->path() / "text";
  if (!sys::write_file_atomic(file, bytes_of(text))) return std::nullopt;
  sys::SpawnOptions run;
  run.program = *shell;
  // The shell joins stderr to stdout, which is all that run_captured keeps.
  run.arguments = {"sh", "-c", "exec \"$@\" 2>&1", "sh", path->string()};
  run.arguments.insert(run.arguments.end(), options.begin(), options.end());
  run.arguments.push_back(file.string());
  run.environment = env;
  const auto captured = sys::run_captured(run, Deadline::after(std::chrono::seconds(20)));
  if (!captured) return std::nullopt;
  return Checked{captured->status.success(), captured->output};
}

}  // namespace sluice::cli
