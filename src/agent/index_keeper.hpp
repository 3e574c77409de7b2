// Keeps what the job's scopes hold in memory: the copy of last time at once, then the fresh union.
//
// refresh() runs on the agent's background thread, add_own() on the one that uploads and after a
// refresh; everything else is called from any thread.
// The Index is immutable once published and shared: an entry pointer lives as long as its index.
#pragma once

#include "agent/config.hpp"
#include "agent/fault_book.hpp"
#include "agent/job.hpp"
#include "agent/job_trust.hpp"
#include "base/deadline.hpp"
#include "store/index.hpp"
#include "store/objects.hpp"
#include "store/scope_reader.hpp"
#include "store/trust.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace sluice::agent {

inline constexpr auto k_refresh_wait = std::chrono::seconds(20);  // all scopes, once a job
inline constexpr std::uint64_t k_index_copy_bytes_max = 512U << 20U;

class IndexKeeper {
 public:
  IndexKeeper(const AgentConfig& config, store::Objects& objects, FaultBook& faults)
      : IndexKeeper(config, objects, faults, {store::Trust(config.read_domains), {}}) {}
  IndexKeeper(const AgentConfig& config, store::Objects& objects, FaultBook& faults,
              JobTrust trust);

  // By whom the index is believed and what is published is signed.
  const store::Trust& trust() const { return trust_.trust; }
  bool may_publish() const { return !trust_.fault; }

  // The copy on disk becomes the index, if there is one that can be read.
  void load_copy();
  using OnFresh = std::function<void(const std::shared_ptr<const store::Index>&)>;
  // Asks git and the store; publishes the union and keeps a copy of it on disk. False when the
  // store did not answer. `on_fresh` sees the union before anybody who waits for it.
  bool refresh(const sys::Environment& env, const OnFresh& on_fresh = nullptr);

  // What this job has published itself is found from here on.
  void add_own(const store::Manifest& manifest);

  // Asked again and again while a wait lasts.
  using IsWorthIt = std::function<bool()>;
  // The index, as soon as there is any; nothing when it is not worth waiting for any more.
  std::shared_ptr<const store::Index> wait_any(const IsWorthIt& is_worth_it);
  // After refresh() has ended, well or not.
  std::shared_ptr<const store::Index> wait_fresh(Deadline deadline, const IsWorthIt& is_worth_it);
  std::shared_ptr<const store::Index> current() const;
  // Whether current() is what the store said in this job, and not the copy of last time.
  bool is_fresh() const;
  // Whether current() is nothing but the copy of last time, whose places may be long gone.
  bool is_copy() const;

  // Valid after refresh: where to publish, what this very job published before (another agent's
  // part), and the records to bring in ahead, in order of use.
  std::vector<store::Scope> write_scopes() const;
  std::vector<store::Record> own_records() const;
  std::vector<const store::Entry*> ahead(const std::shared_ptr<const store::Index>& index) const;

 private:
  void publish(std::shared_ptr<const store::Index> index, bool is_fresh, bool answered = false);

  const AgentConfig& config_;
  store::Objects& objects_;
  FaultBook& faults_;
  const JobTrust trust_;
  sys::Path copy_path_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const store::Index> index_;
  bool fresh_ = false;     // refresh() has ended, well or not
  bool answered_ = false;  // the index is the store's word
  bool is_copy_ = false;   // it was read from disk, and the store has said nothing yet
  Scopes scopes_;
  std::vector<store::Record> own_records_;
  std::vector<ActionId> ahead_;  // of the fresh index; empty: everything in its order
};

// Of the job that this configuration and environment are, with what git says; a few short
// processes.
Scopes scopes_of_job(const AgentConfig& config, const sys::Environment& env);

// "linux/amd64": what this build of sluice and its go run on.
std::string platform_name();

}  // namespace sluice::agent
