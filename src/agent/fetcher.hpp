// Brings outputs from the store into the local tier: what is asked for first, then ahead in use
// order.
//
// Two bounded sets of worker threads; want() and bring_ahead() return at once, from any thread. A
// body is streamed from the store through decompression and hashing into the local tier and
// published only when its SHA-256 is its name. What is asked for has workers of its own, and what
// follows it in use order comes with it: go has overtaken the stream there. How many workers bring
// ahead, and how much with one request, is learned from the store (agent/pace.hpp). Entries live in
// an index, which is passed along and kept as long as they are on the way.
#pragma once

#include "agent/fault_book.hpp"
#include "agent/pace.hpp"
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

inline constexpr unsigned k_urgent_threads = 8;
inline constexpr std::size_t k_batch_entries_max = 1024;
// Nothing is brought ahead into a disk with less room than this: go needs some too.
inline constexpr std::uint64_t k_ahead_free_bytes_min = 512U << 20U;
inline constexpr auto k_fetch_wait = std::chrono::seconds(60);
// Nobody waits for one output for longer than this and several times what it is expected to take.
inline constexpr auto k_want_wait = std::chrono::seconds(3);
inline constexpr int k_want_expected_times = 4;

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

  // Without `done` it is a guess: what the stream brings anyway is left to it.
  void want(Owner index, const store::Entry& entry, Done done);
  // The same, waiting for it; false when it did not come before the deadline.
  bool bring(Owner index, const store::Entry& entry, Deadline deadline);
  // Answers those who wait for longer than an output is worth, or everybody, with an error. What is
  // under way goes on.
  void let_go(bool everybody);
  // Replaces what was to be brought ahead. Executables are left out, no lookup asks for them; so
  // are links, but those of this very commit, as many as the link cache takes of new ones.
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
  // Whether bringing this program will probably take less than linking it anew.
  bool is_faster_than_linking(const store::Entry& link) const;

 private:
  struct Waiter {
    Owner owner;
    const store::Entry* entry = nullptr;
    Done done;
    Deadline until;
  };
  struct Batch {
    Owner owner;
    std::vector<const store::Entry*> entries;
    bool ahead = false;
  };
  class Sink;

  void work(bool urgent);
  bool is_next_locked(std::size_t position) const;
  Batch take_urgent_locked();
  Batch take_ahead_locked();
  bool is_ahead(const store::Index& index, const store::Entry& entry) const;
  bool take_locked(Batch& batch, std::size_t position);
  void fill_locked(Batch& batch, std::size_t& at, std::uint64_t bytes_max);
  void fetch(const std::vector<const store::Entry*>& entries);
  Result<sys::AtomicFile> stage(const store::Entry& entry) const;
  void fetch_executable(const store::Entry& entry);
  void fetch_link(const store::Entry& entry);
  void finished(const store::Entry& entry, Result<void> result, std::uint64_t bytes_down,
                bool tier_refused);
  bool is_there(const store::Entry& entry) const;
  bool link_local(const store::Entry& entry) const;

  Pace pace_;
  std::unique_ptr<store::Objects> objects_;  // the store, telling the pace
  gotool::LocalTier& tier_;
  sys::Path staging_;
  const gotool::LinkCache* links_ = nullptr;
  FaultBook& faults_;
  OnDamaged on_damaged_;

  mutable std::mutex mutex_;
  std::condition_variable urgent_changed_;
  std::condition_variable ahead_changed_;
  std::condition_variable idle_;
  bool stopping_ = false;
  bool paused_ = false;
  std::size_t running_ = 0;
  std::size_t running_ahead_ = 0;  // of those
  std::deque<std::pair<Owner, const store::Entry*>> urgent_;
  Owner ahead_owner_;
  std::vector<const store::Entry*> ahead_;
  std::size_t ahead_at_ = 0;
  std::uint64_t ahead_link_bytes_ = 0;  // of programs given to workers, in the agent's life
  std::vector<bool> ahead_taken_;       // of ahead_: given to a worker
  std::unordered_map<BlobId, std::size_t> ahead_position_;  // the first of each output in ahead_
  // The positions in ahead_ of what lies in each pack, by offset.
  std::unordered_map<PackId, std::vector<std::size_t>> ahead_in_pack_;
  // Outputs on the way, with those who wait for them.
  std::unordered_map<BlobId, std::vector<Waiter>> on_the_way_;
  std::unordered_set<BlobId> started_;
  Totals totals_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::agent
