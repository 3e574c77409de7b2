// Brings outputs from the store into the local tier: what is asked for first, then ahead in use
// order.
//
// A bounded set of worker threads; want() and bring_ahead() return at once, from any thread. A
// body is streamed from the store through decompression and hashing into the local tier and
// published only when its SHA-256 is its name. Entries must stay alive: the owner keeps their
// index.
#pragma once

#include "agent/fault_book.hpp"
#include "base/deadline.hpp"
#include "gotool/local_tier.hpp"
#include "store/index.hpp"
#include "store/objects.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sluice::agent {

inline constexpr unsigned k_fetch_threads_max = 4;
inline constexpr std::size_t k_batch_entries_max = 64;
inline constexpr std::uint64_t k_batch_bytes_max = 4U << 20U;  // stored bytes of one batch
inline constexpr auto k_fetch_wait = std::chrono::seconds(60);

class Fetcher {
 public:
  // Called on a worker's thread when the entry is in the local tier, or with why it is not.
  using Done = std::function<void(const Result<void>&)>;

  // Called on a worker's thread with a blob that the store says it holds and does not: gone or
  // damaged there.
  using OnDamaged = std::function<void(const BlobId&)>;

  Fetcher(store::Objects& objects, gotool::LocalTier& tier, sys::Path staging, FaultBook& faults,
          OnDamaged on_damaged = nullptr);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  void want(const store::Entry& entry, Done done);
  // Replaces what was to be brought ahead; `index` owns the entries.
  void bring_ahead(std::shared_ptr<const store::Index> index,
                   std::vector<const store::Entry*> entries);
  // While paused nothing new is brought ahead; what is asked for still comes.
  void pause_ahead(bool paused);
  // True when nothing is on the way or waiting (pause aside) before the deadline.
  bool wait_idle(Deadline deadline);
  void stop();

  struct Totals {
    std::uint64_t bytes_down = 0;
    std::uint64_t prefetched = 0;
  };
  Totals totals() const;

 private:
  struct Waiter {
    const store::Entry* entry = nullptr;
    Done done;
  };
  class Sink;

  void work();
  std::vector<const store::Entry*> take_locked();
  void take_ahead_locked(std::vector<const store::Entry*>& batch);
  void fetch(const std::vector<const store::Entry*>& batch);
  void fetch_executable(const store::Entry& entry);
  void finished(const store::Entry& entry, Result<void> result, std::uint64_t bytes_down,
                bool tier_refused);
  bool is_there(const store::Entry& entry) const;
  bool link_local(const store::Entry& entry) const;

  store::Objects& objects_;
  gotool::LocalTier& tier_;
  sys::Path staging_;
  FaultBook& faults_;
  OnDamaged on_damaged_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool paused_ = false;
  std::size_t running_ = 0;
  std::deque<const store::Entry*> urgent_;
  std::shared_ptr<const store::Index> ahead_owner_;
  std::vector<const store::Entry*> ahead_;
  std::size_t ahead_at_ = 0;
  // Outputs on the way, with those who wait for them.
  std::unordered_map<BlobId, std::vector<Waiter>> on_the_way_;
  std::unordered_set<BlobId> started_;
  Totals totals_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::agent
