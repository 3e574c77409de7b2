// Why packages were compiled and tests were run in a job: causes, the most upstream first.
//
// Everything is computed from the journal; nothing is guessed. A cause is a fact when the inputs on
// both sides of the comparison prove (gotool/action_text.hpp), else it is called not proven. Values
// that own what they hold; the Database belongs to one thread at a time. Errors are the database's.
#pragma once

#include "base/result.hpp"
#include "journal/queries.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::insight {

// Why something was made that might have been there. `kind` is stable, for programs:
//   file, import, compiler …      what of the inputs differs (gotool/input_changes.hpp)
//   dependency                    an import differs, and nothing is known of why
//   never-built                   no inputs of this package are known from any scope
//   gone                          the same was made before, and neither machine nor store has it
//   store-fault                   the same, in a job whose store failed
//   test-input, test-unknown      what the test consulted; the same, and it cannot be told what
//   arguments, uncacheable-flag, not-package-list, failed, failed-before, too-young, never-tested,
//   no-log                        of tests
struct Cause {
  std::string kind;
  std::string text;  // one line for people
  bool operator==(const Cause&) const = default;
};

// With what a package was compared.
struct Against {
  std::int64_t job = 0;  // of this journal; 0: told by the store
  std::string source;    // who told it
  journal::Micros at_us = 0;
};

struct PackageWhy {
  std::string package;  // as go names it
  journal::Answer answer = journal::Answer::missed;
  std::uint64_t cost_us = 0;         // of compiling it
  std::vector<Cause> causes;         // those of `root`
  std::vector<std::string> through;  // imports from this package to `root`, that one last
  std::string root;                  // where the causes lie: this package, or one that it imports
  bool is_proven = false;
  std::optional<Against> against;
  bool is_hit() const { return answer != journal::Answer::missed; }
};

struct TestWhy {
  std::string package;
  journal::Answer answer = journal::Answer::missed;
  std::uint64_t test_us = 0;
  std::vector<Cause> causes;  // why it ran; empty for a hit
  std::vector<std::string> through;
  bool is_proven = false;
  bool is_hit() const {
    return answer < journal::Answer::missed || answer == journal::Answer::reused;
  }
};

// One cause with all that it made go compile, its root first.
struct Group {
  std::string root;  // empty: no one package's, such as another Go
  std::vector<Cause> causes;
  bool is_proven = false;  // of the root; each package's own way is in its PackageWhy
  std::optional<Against> against;
  std::vector<std::string> packages;
  std::uint64_t cost_us = 0;
};

struct Explanation {
  journal::JobRow job;
  std::vector<journal::CommandRow> commands;
  std::vector<PackageWhy> packages;  // by name
  std::vector<TestWhy> tests;        // by name
  std::vector<Group> groups;         // the largest first
  std::vector<journal::FaultRow> faults;
};

// `against`: compare with what this job had, not with the nearest that is known.
Result<Explanation> explain(journal::Database& database, const journal::JobRow& job,
                            const std::optional<journal::JobRow>& against);

}  // namespace sluice::insight
