// What views ask the journal: jobs, and what was compiled, linked, tested and looked up in one.
//
// Values that own what they hold; a Database belongs to one thread at a time. Times are
// microseconds since 1970 UTC, spans microseconds, sizes bytes. Errors are the database's own.
#pragma once

#include "base/result.hpp"
#include "journal/database.hpp"
#include "journal/event.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::journal {

struct JobRow {
  std::int64_t id = 0;  // of this journal
  std::string uid;      // anywhere
  std::string ci;       // empty: a command at a desk
  std::string run;
  std::string name;
  std::string repository;
  std::string commit;
  std::string branch;
  std::string pull_request;
  std::string domain;
  std::string host;
  std::string checkout;
  Micros first_us = 0;
  Micros last_us = 0;
  std::string journal;  // it was merged from; empty: this one
};

enum class Ending { unknown, good, bad };  // of a command

struct CommandRow {
  std::int64_t id = 0;
  Micros at_us = 0;
  std::optional<std::uint64_t> duration_us;  // nothing: its end is not known
  std::vector<std::string> words;
  std::string goflags;
  std::string directory;
  std::string go_version;
  std::int64_t exit_status = 0;
  std::int64_t signal = 0;
  std::string counters;    // JSON
  std::string local_tier;  // empty: not known

  Ending ending() const;
};

// The inputs of one package, as they were compiled some time.
struct InputsRow {
  std::int64_t id = 0;
  std::string package;
  std::string build_id;
  std::string salt;
  std::string text;
  std::string modinfo;  // of the link that followed; empty for what is no main package
  Micros at_us = 0;
  std::uint64_t cost_us = 0;  // of compiling it; 0: not known
  std::string source;         // empty: compiled here; else the job that told the store
  std::int64_t job = 0;       // compiled here: in which job; 0: that is not known any more
};

struct PackageHit {
  std::string package;
  std::string build_id;
  Answer answer = Answer::local;
  std::uint64_t cost_us = 0;
  bool made_here = false;  // some command of this journal has compiled it
};

struct TestRow {
  std::string package;
  Answer answer = Answer::missed;
  TestCause cause = TestCause::none;
  std::uint64_t test_us = 0;
  std::vector<std::string> names;
  bool ran = false;
};

struct LinkRow {
  std::string package;
  std::string build_id;
  Answer answer = Answer::missed;
  std::uint64_t link_us = 0;  // of one that was given: of the linker, where this journal knows it
};

struct AnswerTotal {
  Answer answer = Answer::local;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t wait_us = 0;
};

struct FaultRow {
  std::string reason;
  std::string message;
  std::uint64_t count = 0;
};

// A run of all tests of a package by sluice.
struct TestRunRow {
  std::string package;
  std::string words;
  std::uint64_t wall_us = 0;
  std::uint64_t cpu_us = 0;
  std::uint64_t memory = 0;
};

// A test of a package, or (without a name) all of it.
struct TestOutcomeRow {
  std::int64_t command = 0;
  std::string package;
  std::string test;
  std::string words;          // as in TestRunRow
  bool has_failed = false;    // or was stopped
  std::uint64_t wall_us = 0;  // 0: it did not run to its end
};

// Newest first.
Result<std::vector<JobRow>> recent_jobs(Database& database, std::size_t limit);
// The newest of one host; nothing where it has none.
Result<std::optional<JobRow>> last_job_of(Database& database, std::string_view host);
// "last", a number, a uid or an unambiguous beginning of one. Code::not_found names what exists.
Result<JobRow> find_job(Database& database, std::string_view selector);

// Of one job, in order of time.
Result<std::vector<CommandRow>> commands_of(Database& database, std::int64_t job);
Result<std::vector<InputsRow>> compiled_in(Database& database, std::int64_t job);
// Each build ID once.
Result<std::vector<PackageHit>> package_hits_in(Database& database, std::int64_t job);
// The same of one command (CommandRow::id).
Result<std::vector<InputsRow>> compiled_by(Database& database, std::int64_t command);
Result<std::vector<PackageHit>> package_hits_by(Database& database, std::int64_t command);
Result<std::vector<TestRow>> tests_in(Database& database, std::int64_t job);
// Of any job, newest first; those that were stopped are not among them.
Result<std::vector<TestRunRow>> test_runs(Database& database, std::size_t limit);
// The newest command first, each in its own order: of several attempts the last comes last.
Result<std::vector<TestOutcomeRow>> test_outcomes(Database& database, std::size_t limit);
Result<std::vector<LinkRow>> links_in(Database& database, std::int64_t job);
Result<std::vector<AnswerTotal>> answers_in(Database& database, std::int64_t job);
Result<std::vector<FaultRow>> faults_in(Database& database, std::int64_t job);

// The last command of another job, before a time, that tested a package.
struct LastTest {
  std::vector<std::string> words;
  std::string goflags;
  std::string go_version;
  Ending ending = Ending::unknown;  // of the command
  bool is_kept = false;             // it was answered, or it passed and go kept its result
  bool is_answered = false;
};
Result<std::optional<LastTest>> last_test_of(Database& database, std::string_view package,
                                             std::int64_t other_than_job, Micros before_us);

// The last link of a program in another job, before a time.
struct LastLink {
  std::int64_t job = 0;
  std::string build_id;  // of its main package
};
Result<std::optional<LastLink>> last_link_of(Database& database, std::string_view package,
                                             std::int64_t other_than_job, Micros before_us);

// What is known of a package from before a time, newest first.
Result<std::vector<InputsRow>> earlier_inputs(Database& database, std::string_view package,
                                              Micros before_us, std::size_t limit);
// Those of one build ID.
Result<std::optional<InputsRow>> inputs_with(Database& database, std::string_view package,
                                             std::string_view build_id);
// When these very inputs were compiled before, if they were.
// The same by the key alone (build_key); compiled here first, else what was known first.
Result<std::optional<InputsRow>> inputs_of_build(Database& database, ByteView build_key);
Result<std::optional<InputsRow>> same_inputs_before(Database& database, const InputsRow& inputs,
                                                    std::int64_t job);
// Whether the result of these inputs was stored in any other job. Reads every stored result.
Result<bool> has_stored(Database& database, std::string_view build_id, std::int64_t but_in_job);

// Whether anything is known from before a time: a job of this journal, or what one told the store.
Result<bool> has_earlier(Database& database, Micros before_us);

// By package: what the job compiled, and what those results were made of that it was given.
Result<std::map<std::string, std::vector<InputsRow>>> inputs_in(Database& database,
                                                                std::int64_t job);

}  // namespace sluice::journal
