// Brings outputs from the store into the local tier: what is asked for first, then ahead in use
// order.
//
// A bounded set of worker threads; want() and bring_ahead() return at once, from any thread. A
// body is streamed from the store through decompression and hashing into the local tier and
// published only when its SHA-256 is its name. One worker is always free for what is asked for.
// Entries live in an index, which is passed along and kept as long as they are on the way.
#pragma once

#include "agent/fault_book.hpp"
#include "base/deadline.hpp"
#include "gotool/link_cache.hpp"
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
#include <utility>
#include <vector>

namespace sluice::agent {

inline constexpr unsigned k_fetch_threads_max = 4;
inline constexpr std::size_t k_batch_entries_max = 64;
inline constexpr std::uint64_t k_batch_bytes_max = 4U << 20U;  // stored bytes of one batch
// Nothing is brought ahead into a disk with less room than this: go needs some too.
inline constexpr std::uint64_t k_ahead_free_bytes_min = 512U << 20U;
// Believed before anything was fetched.
inline constexpr double k_assumed_bytes_per_us = 12.5;
inline constexpr double k_assumed_latency_us = 20'000;
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

  using Owner = std::shared_ptr<const store::Index>;

  // Where linked programs go; without, none is fetched. Before the first want().
  void use_links(const gotool::LinkCache* links) { links_ = links; }
  // How long this entry will probably take, from what was fetched so far.
  std::chrono::microseconds expected_time(const store::Entry& entry) const;

  void want(Owner index, const store::Entry& entry, Done done);
  // Replaces what was to be brought ahead. Executables and links are left out: no lookup asks for
  // them.
  void bring_ahead(Owner index, std::vector<const store::Entry*> entries);
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
    Owner owner;
    const store::Entry* entry = nullptr;
    Done done;
  };
  struct Batch {
    Owner owner;
    std::vector<const store::Entry*> entries;
    bool ahead = false;
  };
  class Sink;

  void work();
  Batch take_locked();
  void take_ahead_locked(Batch& batch);
  void fetch(const std::vector<const store::Entry*>& entries);
  void fetch_executable(const store::Entry& entry);
  void fetch_link(const store::Entry& entry);
  void measure(const std::vector<const store::Entry*>& entries, std::chrono::microseconds took);
  void finished(const store::Entry& entry, Result<void> result, std::uint64_t bytes_down,
                bool tier_refused);
  bool is_there(const store::Entry& entry) const;
  bool link_local(const store::Entry& entry) const;

  store::Objects& objects_;
  gotool::LocalTier& tier_;
  sys::Path staging_;
  const gotool::LinkCache* links_ = nullptr;
  FaultBook& faults_;
  OnDamaged on_damaged_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool paused_ = false;
  std::size_t running_ = 0;
  std::size_t running_ahead_ = 0;  // of those
  std::deque<std::pair<Owner, const store::Entry*>> urgent_;
  Owner ahead_owner_;
  std::vector<const store::Entry*> ahead_;
  std::size_t ahead_at_ = 0;
  // Outputs on the way, with those who wait for them.
  std::unordered_map<BlobId, std::vector<Waiter>> on_the_way_;
  std::unordered_set<BlobId> started_;
  Totals totals_;
  double bytes_per_us_;  // of one transfer, a moving mean
  double latency_us_;    // of small ones
  std::vector<std::thread> threads_;
};

}  // namespace sluice::agent
