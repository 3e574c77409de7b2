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
//   ld_flags, tags                settings of a program; tags also by the files that they let in
//   dependency                    an import differs, and nothing is known of why
//   never-built                   no inputs of this package are known from any scope
//   gone                          the same was made before, and neither machine nor store has it
//   gone-age, gone-size           the same, because `sluice gc` removed it
//   gone-removed                  the same, because somebody else did
//   verify                        the same, and the command had --verify
//   no-result                     compiled before from the same inputs, without success
//   store-fault, store-corrupt    the store failed or lied when it was looked up
//   test-input, test-unknown      what the test consulted; the same, and it cannot be told what
//   never-linked, relinked        of a program whose main package was not compiled
//   arguments, uncacheable-flag, not-package-list, failed, failed-before, too-young,
//   too-young-before, unkept, unkept-before, never-tested, no-log
//                                 of tests
// docs/guide/why.md has them all with their words.
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

// Causes of a package that lie in one that it imports, or that nobody knows.
struct Upstream {
  std::string root;
  std::vector<Cause> causes;
  std::vector<std::string> through;  // imports to `root`, that one last; empty: not known further
  bool is_proven = false;            // with the package's own comparison
  bool is_way_proven = false;        // without: from the import on
  std::optional<Against> against;    // of `root`
};

struct PackageWhy {
  std::string package;  // as go names it
  journal::Answer answer = journal::Answer::missed;
  std::uint64_t cost_us = 0;         // of compiling it
  std::vector<Cause> causes;         // those of `root`
  std::vector<std::string> through;  // imports from this package to `root`, that one last
  std::string root;                  // where the causes lie: this package, or one that it imports
  bool is_proven = false;
  bool is_way_proven = false;      // without the package's own comparison
  std::optional<Against> against;  // of `root`
  std::optional<Against> base;     // of this package
  // What holds as well: to undo `causes` alone would not have been enough. The first few.
  std::vector<Upstream> also;
  std::size_t also_more = 0;  // left out of them
  bool is_hit() const { return answer != journal::Answer::missed; }
};

struct TestWhy {
  std::string package;
  journal::Answer answer = journal::Answer::missed;
  std::uint64_t test_us = 0;
  std::vector<Cause> causes;  // why it ran; empty for a hit
  std::vector<std::string> through;
  std::vector<Upstream> also;  // as in PackageWhy
  std::size_t also_more = 0;
  bool is_proven = false;
  bool is_hit() const {
    return answer < journal::Answer::missed || answer == journal::Answer::reused;
  }
};

// A program that the linker made; those of tests are explained with them.
struct LinkWhy {
  std::string package;
  std::uint64_t link_us = 0;
  std::vector<Cause> causes;
  bool is_compiled = false;  // its main package was, and the causes are that one's
  bool is_proven = false;
};

// One cause with all that it made go compile, its root first. A package with several causes is in
// the group of each.
struct Group {
  std::string root;  // empty: no one package's, such as another Go
  std::vector<Cause> causes;
  bool is_proven = false;  // of the root, and of the way of at least one package
  std::optional<Against> against;
  std::vector<std::string> packages;  // the root first, where it was compiled itself
  std::uint64_t cost_us = 0;
  std::size_t unproven = 0;  // packages whose own way to the root is not proven
};

struct Explanation {
  journal::JobRow job;
  std::vector<journal::CommandRow> commands;
  std::vector<PackageWhy> packages;  // by name
  std::vector<TestWhy> tests;        // by name
  std::vector<LinkWhy> links;        // by name
  std::vector<Group> groups;         // the largest first
  std::vector<journal::FaultRow> faults;
  std::uint64_t lookups = 0;  // also those of which nobody told the package
  std::uint64_t missed = 0;   // of them
};

// `against`: compare with what this job had, not with the nearest that is known.
Result<Explanation> explain(journal::Database& database, const journal::JobRow& job,
                            const std::optional<journal::JobRow>& against);

}  // namespace sluice::insight
