// What a pipeline's file says that matters to go's cache: its steps, variables, caches and clones.
//
// Values that the readers of each kind of file make (ci_github.hpp and its like) and the advice
// reads; any thread, no errors. Lines are counted from 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

enum class FileKind : std::uint8_t { github, gitlab, jenkins, makefile, script };

struct Variable {
  std::string name;
  std::string value;
  std::uint32_t line = 0;

  bool operator==(const Variable&) const = default;
};

// The last of a name counts; a null pointer when there is none.
inline const Variable* find_variable(const std::vector<Variable>& variables,
                                     std::string_view name) {
  for (auto at = variables.rbegin(); at != variables.rend(); ++at) {
    if (at->name == name) return &*at;
  }
  return nullptr;
}

// A text that a shell runs. Steps of one job follow each other on one machine.
struct Step {
  std::string job;                    // empty in a script
  std::vector<Variable> environment;  // outer ones first
  std::string script;
  std::uint32_t line = 0;    // of the script's first line
  bool counts_lines = true;  // line n of the script is line + n of the file
};

// A ready-made step: an action of GitHub.
struct Use {
  std::string job;
  std::string action;   // "actions/checkout"
  std::string version;  // "v4"
  std::uint32_t line = 0;
  std::vector<Variable> inputs;
};

struct CachedPath {
  std::string job;
  std::string path;
  std::uint32_t line = 0;
};

struct Clone {
  std::string job;
  std::uint64_t depth = 0;  // 0: all of the history
  std::uint32_t line = 0;
  bool is_said = false;  // false: the default of the tool
};

// Where the checkout is put, or the cache's key, or an image: a text with its place.
struct Said {
  std::string job;
  std::string text;
  std::uint32_t line = 0;
};

struct Pipeline {
  FileKind kind = FileKind::script;
  std::string file;  // as a person names it, relative to the checkout
  std::vector<Step> steps;
  std::vector<Variable> variables;  // every one once, where it is set
  std::vector<Use> uses;
  std::vector<CachedPath> cached;
  std::vector<Said> cache_keys;
  std::vector<Clone> clones;
  std::vector<Said> checkout_paths;
  std::vector<Said> images;
};

}  // namespace sluice::insight
