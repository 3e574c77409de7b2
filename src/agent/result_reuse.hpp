// Test results by content: keeps each result under the content of what the test consulted, and
// gives it when go asks for a key of other times.
//
// Belongs to a session, which tells it what go is given and what go stores; both may be told by any
// thread. The work (reading logs, hashing files) is done by one thread of its own, so that no other
// lookup waits for it, except those that come between a log and its key. Every lookup that is taken
// is answered exactly once, on any thread. Whatever cannot be proven is none of its business.
// Format: docs/formats/test-results.md.
#pragma once

#include "agent/output_memo.hpp"
#include "base/deadline.hpp"
#include "gotool/entries_before.hpp"
#include "gotool/kind.hpp"
#include "gotool/local_tier.hpp"
#include "gotool/modules.hpp"
#include "gotool/testlog_keys.hpp"
#include "gotool/testlog_record.hpp"
#include "journal/event.hpp"
#include "sys/environment.hpp"

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_logs_made_max = 1024;  // that wait for their result
inline constexpr std::size_t k_expected_max = 100'000;
// Set where `sluice why --trace` has go print its hashes: then GODEBUG is compared without that.
inline constexpr std::string_view k_why_trace_variable = "SLUICE_WHY_TRACE";

class TestReuse {
 public:
  using Found = std::optional<gotool::LocalHit>;

  enum class Verdict {
    not_ours,  // go on as without
    as_it_is,  // what the local tier has under go's key is of these contents
    reuse,     // the result given is the one
    miss,      // whatever there is under go's key was made from other contents
  };
  // `from_agent`: the result was not in the local tier.
  using Answer = std::function<void(Verdict, const Found&, bool from_agent)>;
  using Fetched = std::function<void(const Found&, bool from_agent)>;

  // How results are looked up and kept. Called on any thread.
  struct Cache {
    std::function<void(const ActionId&, Fetched)> fetch;
    std::function<void(const ActionId&, ByteView body)> keep;
    // The same output under one more action of ours.
    std::function<void(const ActionId&, const gotool::LocalHit&)> name;
    // What came of a test, for the journal.
    std::function<void(journal::Body)> tell;
    sys::Path
        not_logs{};  // OutputMemo's file of outputs that are no test's log; empty: none is kept
  };

  // What the go command is: all of it as go itself sees it.
  struct GoView {
    sys::Environment env;
    std::string version;
    sys::Path goroot;
    sys::Path working_directory;
    std::uint32_t umask = 0;
    sys::Path entries;  // entries_directory(); empty: nobody tells what lay there before a test
    pid_t pid = 0;      // whose tools tell it there
  };

  // A share of the packages whose results are there is answered with misses, so that go tests them
  // again. 0 to 1.
  struct Verify {
    double share = 0;
    std::uint64_t seed = 0;
  };
  struct Verified {
    std::size_t packages = 0;         // tested again
    std::vector<std::string> failed;  // of them: no result was stored
  };

  TestReuse(GoView go, Verify verify, Cache cache);
  ~TestReuse();
  TestReuse(const TestReuse&) = delete;
  TestReuse& operator=(const TestReuse&) = delete;

  // go is given this result, for which it asked before `now_ns`: it may be a test log. To be told
  // before go's next lookup.
  void given(const ActionId& action, const gotool::LocalHit& hit, UnixNanos now_ns);
  // A lookup, with what the local tier has for it: true when it is taken.
  bool take(const ActionId& action, const Found& local, Answer answer);
  // go stored this.
  void made(const ActionId& action, const gotool::LocalHit& hit, gotool::BodyKind kind);
  // Waits until what was told has been worked on; lookups that still wait then are misses.
  void finish(Deadline deadline);
  // After finish().
  Verified verified();

 private:
  struct Expected {
    ActionId own;
    ActionId in_place;  // where there is none under `own`
    std::string package;
    std::vector<std::string> changed;  // inputs that are not what they were
    bool is_profile = false;
  };
  struct Held {
    ActionId action;
    Found local;
    Answer answer;
    std::uint64_t turn = 0;  // waits for the logs that were given before
  };
  struct Log {
    ActionId test_id;
    Bytes body;
    UnixNanos asked_ns = 0;  // when go asked for it: the test ran later
  };
  // One test's inputs as they are now.
  struct Inputs {
    gotool::PackagePlace place;
    std::vector<gotool::TestInput> list;
    gotool::Snapshot files;
    TestInputsId id;
  };

  bool is_test_log(const gotool::LocalHit& hit);
  void work();
  void enqueue(std::function<void()> task);
  void begin(const ActionId& test_id, const gotool::LocalHit& log, std::uint64_t turn);
  std::optional<gotool::TestRecord> record_of(const Log& log, const Found& record);
  void expect(const Log& log, const Found& record, std::uint64_t turn);
  void settle(std::uint64_t turn, const ActionId& theirs, const std::optional<Expected>& expected);
  void claim(const Expected& expected, Held held);
  void tell_too_new(const Expected& expected, Inputs& inputs);
  void give(const Expected& expected, const ActionId& found, const Held& held,
            const gotool::LocalHit& result, bool from_agent);
  void tell_miss(const Expected& expected, const Found& local);
  void tell_again(const Expected& expected);
  void tell_hit(const Expected& expected, const gotool::LocalHit& result, journal::Answer answer);
  bool should_run_again(const std::string& package) const;
  void match(const ActionId& action, const gotool::LocalHit& result);
  void keep(const Log& log, const std::string& import_path, Inputs& inputs, const ActionId& action,
            const gotool::LocalHit& result);
  std::optional<gotool::EntriesBefore> entries_before(const std::string& import_path) const;
  static std::set<std::string> directories_made(const gotool::EntriesBefore& before,
                                                Inputs& inputs);
  bool may_have_lost(const std::optional<gotool::EntriesBefore>& before, const Inputs& inputs,
                     const std::set<std::string>& made, UnixNanos began_ns) const;
  sys::Path entries_of(std::string_view import_path) const;
  gotool::TestWorld world_at(const gotool::PackagePlace& place) const;
  gotool::TestWorld content_world_at(const gotool::PackagePlace& place) const;
  std::optional<Inputs> inputs_now(ByteView log, std::string_view import_path);
  std::optional<gotool::TestFingerprint> fingerprint_of(const ActionId& test_id, Inputs& inputs,
                                                        const std::set<std::string>& absent = {});

  const GoView go_;
  // go prints its hashes (GODEBUG=gocachehash=1). That is for go alone, but go puts GODEBUG into
  // the key of every test: results are looked for without it, and none is kept.
  const bool is_traced_;
  const sys::Environment content_env_;  // without that switch
  const Verify verify_;
  const Cache cache_;
  OutputMemo not_logs_;
  // The worker's own:
  gotool::FileDigests digests_;
  std::optional<std::vector<gotool::MainModule>> modules_;
  std::deque<Log> logs_made_;
  std::unordered_map<BlobId, std::string> packages_;  // by the log of a test that has a record
  // go's key of a cover profile -> ours
  std::unordered_map<ActionId, std::vector<ActionId>> profiles_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool busy_ = false;
  bool ending_ = false;
  std::uint64_t turn_ = 0;           // counts logs that were given, and lookups that are held
  std::set<std::uint64_t> pending_;  // logs whose key is not known yet
  std::unordered_map<ActionId, UnixNanos> asked_;    // when go last asked for what was not there
  std::unordered_map<ActionId, Expected> expected_;  // by go's key
  std::map<std::string, bool> again_;                // packages tested again: whether they passed
  std::vector<Held> held_;
  const UnixNanos began_ns_;
  std::thread thread_;
};

}  // namespace sluice::agent
