// What the job used and made, in order of first use, and its way into the store behind the build.
//
// One thread at a time does all uploading: one of the lowest priority, and while somebody waits for
// the end one of theirs. While go keeps every processor busy it holds back what can be made up for
// in k_hold_max (docs/decisions/upload-beside-the-build.md). The other functions are called from
// any thread and return at once, but drain(), which waits. What may not be published (unknown
// origin, can never hit again) is counted and left out.
#pragma once

#include "agent/config.hpp"
#include "agent/fault_book.hpp"
#include "agent/index_keeper.hpp"
#include "gotool/local_tier.hpp"
#include "store/objects.hpp"
#include "store/publisher.hpp"
#include "sys/load.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_ledger_records_max = 4'000'000;
inline constexpr auto k_yield_max = std::chrono::seconds(30);
// What all tries again may wait for until the store takes something: a job may be waiting, and the
// backend has tried again before.
inline constexpr auto k_upload_pauses_max = std::chrono::milliseconds(1200);
inline constexpr auto k_hold_max = std::chrono::seconds(3);
// After objects in a row that the store did not take; doubled each time.
inline constexpr auto k_give_up_pause = std::chrono::seconds(5);
inline constexpr auto k_give_up_pause_max = std::chrono::seconds(60);

class Uploader {
 public:
  struct Totals {
    std::uint64_t bytes_up = 0;
    std::uint64_t blobs_up = 0;
    std::uint64_t index_entries_skipped = 0;
    std::uint64_t records = 0;
    std::uint64_t pending_bytes = 0;
    std::uint64_t lost = 0;  // uploads that were given up after the store refused them
    bool drained = true;     // nothing is waiting
  };

  // Waits until nothing is on its way from the store; false at the deadline.
  using DownloadsIdle = std::function<bool(Deadline)>;
  using ProcessorIdle = std::function<bool()>;
  // A pause before another try begins (true) or ends: time in which the store brings nothing.
  using Pausing = std::function<void(bool begins)>;

  // `objects` may be null: then everything is drained at once. With `downloads_idle` an upload does
  // not compete with what go waits for, at most k_yield_max long in an agent's life.
  Uploader(const AgentConfig& config, store::Objects* objects, IndexKeeper* keeper,
           const gotool::LocalTier& tier, FaultBook& faults, DownloadsIdle downloads_idle = nullptr,
           ProcessorIdle processor_idle = sys::has_idle_processor, Pausing pausing = nullptr);
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Writes the bytes of a module's record to a file that does not exist. Before the first made().
  using WriteModule = std::function<Result<void>(const store::Record&, const sys::Path&)>;
  void use_modules(WriteModule write) { write_module_ = std::move(write); }
  // What this job published before this agent lived: kept in what is published next, no reason to
  // publish.
  void seed(const std::vector<store::Record>& records);
  // The job used this record of the index; its bytes are known to the store already.
  void used(store::Record record);
  // The job made this record (or owns it): its bytes are in the local tier.
  void made(const store::Record& record);
  // The store's copy is gone or damaged: when the job makes this output again it is uploaded anew.
  void distrust(const BlobId& blob);
  // GOROOT of the go commands, to tell index entries that can recur.
  void set_goroot(const sys::Path& goroot);
  // Asks for everything to be uploaded and published now; does not wait.
  void request_publish();
  // As request_publish, and waits as long as it is worth it. False at the deadline, and when
  // something could not be uploaded.
  bool drain(Deadline deadline, const std::function<bool()>& is_worth_it = nullptr);
  Totals totals() const;

 private:
  void work(bool runs_last);
  void hurry();
  void let_downloads_pass();
  bool is_little_locked() const;
  void upload_timed(const store::Record& record);
  void upload(const store::Record& record);
  void upload_module(const store::Record& record);
  void upload_file(const store::Record& record, const sys::Path& file);
  void put_off_locked(const store::Record& record);
  void give_up_locked();
  bool is_given_up_locked() const { return !given_up_until_.passed(); }
  void take_up_locked();
  std::uint64_t lost_locked() const { return totals_.lost + (publish_lost_ ? 1 : 0); }
  Result<void> try_upload(const std::function<Result<void>()>& attempt);
  void publish();
  store::ManifestInfo manifest_info() const;
  bool may_recur(const store::Record& record, const sys::Path& file);
  bool prepare_publisher();
  void report_publisher();
  bool add_to_ledger_locked(const store::Record& record);

  const AgentConfig& config_;
  store::Objects* objects_;
  IndexKeeper* keeper_;
  const gotool::LocalTier& tier_;
  FaultBook& faults_;
  DownloadsIdle downloads_idle_;
  ProcessorIdle processor_idle_;
  Pausing pausing_;
  WriteModule write_module_;
  std::chrono::milliseconds yield_left_{k_yield_max};  // the upload thread only

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool publish_wanted_ = false;
  bool busy_ = false;
  bool calm_ = true;  // nobody waits: the upload thread runs last
  std::deque<store::Record> queue_;
  std::vector<store::Record> ledger_;                   // in order of first use
  std::unordered_map<ActionId, std::size_t> position_;  // in ledger_
  bool ledger_changed_ = false;                         // since the last publish
  // The store takes nothing: until then it is asked for nothing, and what it should take waits.
  Deadline given_up_until_ = Deadline::after(std::chrono::milliseconds(0));
  std::chrono::seconds given_up_pause_ = k_give_up_pause;
  std::vector<store::Record> put_off_;     // counted as lost until it is uploaded after all
  bool publish_failed_ = false;            // and nothing has changed since
  bool publish_lost_ = false;              // the last one was refused
  std::unordered_set<BlobId> distrusted_;  // until uploaded anew
  sys::Path goroot_;
  Totals totals_;

  std::unique_ptr<store::Publisher> publisher_;                       // the upload thread only
  int failures_in_a_row_ = 0;                                         // the upload thread only
  std::chrono::milliseconds pauses_left_ = k_upload_pauses_max;       // likewise
  std::chrono::duration<double> computed_in_{0};                      // without puts; likewise
  double fastest_put_s_a_byte_ = std::numeric_limits<double>::max();  // likewise
  std::size_t faults_told_ = 0;  // of the publisher's; the upload thread only
  std::thread thread_;
};

}  // namespace sluice::agent
