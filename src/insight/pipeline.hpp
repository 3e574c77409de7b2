// What a pipeline's file says that matters to go's cache: its steps, variables, caches and clones.
//
// Values that the readers of each kind of file make (ci_github.hpp and its like) and the advice
// reads; any thread, no errors. Lines are counted from 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::insight {

// Bounds of what is kept of one file, which a stranger may have written.
inline constexpr std::size_t k_steps_max = 2000;
inline constexpr std::size_t k_places_max = 500;         // of each list of a Pipeline
inline constexpr std::size_t k_environment_max = 100;    // variables of one step
inline constexpr std::size_t k_value_size_max = 500;     // of one of them; a longer one is not kept
inline constexpr std::size_t k_commands_max = 4000;      // of all steps
inline constexpr std::size_t k_uses_compared_max = 300;  // each with each

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

// Within the bounds; in place of one with the same name.
inline void set_variable(std::vector<Variable>& environment, Variable set) {
  if (set.value.size() > k_value_size_max) return;
  for (Variable& known : environment) {
    if (known.name != set.name) continue;
    known = std::move(set);
    return;
  }
  if (environment.size() < k_environment_max) environment.push_back(std::move(set));
}

inline void set_variables(std::vector<Variable>& environment, const std::vector<Variable>& more) {
  for (const Variable& set : more) set_variable(environment, set);
}

// A text that a shell runs. Steps of one job follow each other on one machine.
struct Step {
  std::string job;                    // empty in a script
  std::vector<Variable> environment;  // outer ones first
  std::string script;
  std::uint32_t line = 0;    // of the script's first line
  bool counts_lines = true;  // line n of the script is line + n of the file
  bool goes_on = false;      // in the shell of the job's step before it
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

// What a cache is saved and looked for under.
struct CacheKey {
  std::string job;
  std::string text;
  std::uint32_t line = 0;
  std::vector<std::string> paths;
  bool has_fallback = false;  // others are looked for when there is none of this key
};

struct Clone {
  std::string job;
  std::uint64_t depth = 0;  // 0: all of the history
  std::uint32_t line = 0;
  bool is_said = false;  // false: the default of the tool
};

// Where the checkout is put, or an image: a text with its place.
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
  std::vector<CacheKey> cache_keys;
  std::vector<Clone> clones;
  std::vector<Said> checkout_paths;
  std::vector<Said> images;
  // Of a Makefile: variables that are one call of a function, `$(shell git describe)`. Steps have
  // what it is; a person wants to read the name.
  std::vector<Variable> calls;

  void add_step(Step step) {
    if (steps.size() < k_steps_max) steps.push_back(std::move(step));
  }
  void add_variable(const Variable& set) {
    if (variables.size() < k_places_max) variables.push_back(set);
  }
};

}  // namespace sluice::insight
