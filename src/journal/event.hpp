// What happened, as plain values, and their bytes in a spool.
//
// Format: docs/formats/journal.md. Values that own what they hold; pure functions: any thread.
// Times are microseconds since 1970 UTC, spans microseconds, sizes bytes. A decoder takes hostile
// bytes: what is malformed is Code::corrupt, an event it does not know Code::unsupported.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace sluice::journal {

using Micros = std::int64_t;

inline constexpr std::size_t k_frame_bytes_max = 1U << 20U;

// How a lookup, a link or a test was answered.
enum class Answer : std::uint8_t {
  local = 0,    // from the local tier
  remote = 1,   // from the store
  missed = 2,   // go made it
  reused = 3,   // a test's result, kept under the same contents and other times
  refused = 4,  // a test's result under go's key that is of other contents: go ran the test
};
inline constexpr std::uint8_t k_answer_last = 4;

// Why a test's result was not there, as the session saw it.
enum class TestCause : std::uint8_t {
  none = 0,
  inputs = 1,   // what it consults has changed: names say what
  unknown = 2,  // nothing is kept for the same contents, and what it was like is not known
  too_new = 3,  // go did not look: names are of files that were changed less than 2 s before
  verify = 4,   // a result is there, and was not given: --verify-tests
};
inline constexpr std::uint8_t k_test_cause_last = 4;

struct CommandBegan {
  std::string id;
  std::string ci;  // "github", …; empty at a desk
  std::string job_id;
  std::string run;
  std::string job_name;
  std::string repository;
  std::string commit;
  std::string branch;
  std::string pull_request;
  std::string domain;
  std::string host;
  std::string directory;
  std::string checkout;
  std::string go_version;
  std::string sluice_version;
  std::vector<std::string> words;
  std::string goflags;  // GOFLAGS as go sees it, without what sluice adds
  std::string local_tier;
  std::string process;  // who writes it (sys/process_identity.hpp)
  bool operator==(const CommandBegan&) const = default;
};

// Of a go command that nothing of sluice's is around: its session sees it end, not how.
inline constexpr std::int64_t k_exit_unknown = -1;

struct CommandEnded {
  std::uint64_t duration_us = 0;
  std::int64_t exit_status = 0;  // or k_exit_unknown
  std::uint64_t signal = 0;
  std::string counters;  // JSON
  bool operator==(const CommandEnded&) const = default;
};

struct Lookup {
  ActionId action;
  Answer answer = Answer::missed;
  std::uint64_t size = 0;
  std::uint64_t wait_us = 0;
  bool operator==(const Lookup&) const = default;
};
struct Lookups {
  std::vector<Lookup> list;
  bool operator==(const Lookups&) const = default;
};

inline constexpr std::uint8_t k_kind_archive = 1;  // of a result; as in a record of the store

struct Stored {
  ActionId action;
  std::uint8_t kind = 0;  // as in a record of the store
  std::uint64_t size = 0;
  Micros at_us = 0;
  bool operator==(const Stored&) const = default;
};
struct Results {
  std::vector<Stored> list;
  bool operator==(const Results&) const = default;
};

struct Compiled {
  std::string package;
  std::string build_id;
  std::string salt;
  std::string text;
  bool operator==(const Compiled&) const = default;
};

struct Linked {
  std::string package;
  std::string build_id;
  std::string modinfo;
  Answer answer = Answer::missed;
  std::uint64_t link_us = 0;
  bool operator==(const Linked&) const = default;
};

struct Tested {
  std::string package;
  Answer answer = Answer::missed;
  TestCause cause = TestCause::none;
  std::uint64_t test_us = 0;  // as the result says
  std::vector<std::string> names;
  std::uint8_t ran = 0;  // 1: go has run it, and it passed
  bool operator==(const Tested&) const = default;
};

enum class Direction : std::uint8_t { down = 0, up = 1 };
struct Transferred {
  Direction direction = Direction::down;
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;
  bool operator==(const Transferred&) const = default;
};

struct Fault {
  std::string reason;
  std::string message;
  std::uint64_t count = 1;
  bool operator==(const Fault&) const = default;
};

// What the agent's index knew of a result that a command asked for.
enum class Outcome : std::uint8_t {
  given = 0,
  not_brought = 1,  // the store failed
  corrupt = 2,      // other bytes came
  no_index = 3,     // nothing could be known: scope and kind mean nothing
  absent = 4,       // it was asked, afresh, and has no such result: likewise
};
inline constexpr std::uint8_t k_outcome_last = 4;
struct IndexedOne {
  ActionId action;
  Outcome outcome = Outcome::given;
  std::uint8_t scope = 0;  // as in the store's index
  std::uint8_t kind = 0;   // as in a record of the store
  bool operator==(const IndexedOne&) const = default;
};
struct Indexed {
  std::vector<IndexedOne> list;
  bool operator==(const Indexed&) const = default;
};

enum class Removal : std::uint8_t { age = 0, size = 1 };
struct RemovedOne {
  ActionId action;
  Removal why = Removal::age;
  bool operator==(const RemovedOne&) const = default;
};
// A test's result, or its coverage profile, that go was given.
struct TestGiven {
  std::string package;
  ActionId action;  // as go asked
  ActionId found;   // what it was kept under: the same, or a key of sluice's own
  bool operator==(const TestGiven&) const = default;
};

// By a collection of the local tier: of no command.
struct Removed {
  std::string host;
  std::string local_tier;
  std::vector<RemovedOne> list;
  bool operator==(const Removed&) const = default;
};

enum class RunEnd : std::uint8_t {
  passed = 0,
  failed = 1,
  stopped = 2,  // by sluice: to free memory, or because somebody interrupted the command
};
inline constexpr std::uint8_t k_run_end_last = 2;
// A test that sluice itself has run.
struct TestRan {
  std::string package;
  std::string test;  // empty: all of the package
  std::string
      words;  // what the build and the test were told, as far as it counts for what it takes
  RunEnd end = RunEnd::passed;
  std::uint64_t wall_us = 0;
  std::uint64_t cpu_us = 0;
  std::uint64_t wait_us = 0;  // its threads could run and had no processor
  std::uint64_t memory = 0;   // at its peak
  bool operator==(const TestRan&) const = default;
};

enum class Schedule : std::uint8_t {
  started = 0,
  evicted = 1,  // ended to free memory; it is started again
};
// What the planner of a test run decided about one of its tests, and why.
struct Scheduled {
  Schedule what = Schedule::started;
  std::uint64_t after_us = 0;  // since the run began
  std::string package;
  std::uint64_t waited_us = 0;  // since it could be run
  std::string held_by;          // cpu, memory, resource, ...; empty: others were before it
  std::uint8_t is_known = 0;    // what is expected comes from runs before, else it is a guess
  std::uint64_t expected_us = 0;
  std::uint64_t expected_millicores = 0;
  std::uint64_t expected_memory = 0;
  std::uint64_t running = 0;  // this one among them, and what they use
  std::uint64_t millicores = 0;
  std::uint64_t memory = 0;
  std::string state;  // of the strategy: "factor 1.25"
  bool operator==(const Scheduled&) const = default;
};

using Body = std::variant<CommandBegan, CommandEnded, Lookups, Results, Compiled, Linked, Tested,
                          Transferred, Fault, TestGiven, Indexed, Removed, TestRan, Scheduled>;

struct Event {
  Micros at_us = 0;
  Body body;
  bool operator==(const Event&) const = default;
};

Micros now_us();

// Whole frames, one after the other. Events that do not fit a frame are left out.
Bytes encode(std::span<const Event> events);
Result<Event> decode_payload(ByteView payload);
// Every event of whole frames, in order; what is no frame, and what is not known, is passed over.
std::vector<Event> decode(ByteView bytes);

}  // namespace sluice::journal
