// Reads what a collection works on: the listing of a trust domain, its heads, and what their
// manifests name.
//
// Blocking, called by one thread; uses a few threads of its own, all ended on return. Fails rather
// than leaving anything out that might be named. Errors: the store's, Code::unsupported for a head
// or a manifest of a later version.
#pragma once

#include "base/result.hpp"
#include "store/collector.hpp"
#include "store/gc_plan.hpp"
#include "store/manifest.hpp"
#include "store/objects.hpp"
#include "store/trust.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::store {

// Lets as many in as fit: a thread that wants more than there is waits.
class WeightGate {
 public:
  explicit WeightGate(std::uint64_t capacity) : left_(capacity), capacity_(capacity) {}
  // Runs the task while it holds so much, all there is at the most.
  void run(std::uint64_t weight, const std::function<void()>& task);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t left_;
  const std::uint64_t capacity_;
};

// All keys that start with `prefix`, in no order; by several requests at once where there are many.
Result<void> list_all(Objects& objects, const std::string& prefix, std::size_t at_once,
                      const std::function<void(std::string key, std::uint64_t size)>& take);

class InventoryReader {
 public:
  using Tick = std::function<Result<void>(const GcProgress&)>;  // now and then, may end the reading

  // `trust` says what could be signed anew; it outlives this.
  InventoryReader(Objects& objects, std::string domain, const Trust& trust, std::size_t at_once,
                  GcReport& report, Tick tick);

  Result<void> list();
  Result<void> read_heads();
  // One head that has changed since.
  Result<void> read_head_again(std::size_t head);
  // What heads name, and of what was listed and is named by none what `is_wanted`.
  Result<void> read_manifests(const std::function<bool(std::uint32_t object)>& is_wanted);
  // Manifests that have come since: what they name, as numbers of objects.
  Result<std::vector<std::uint32_t>> read_new_manifests();
  // Some of the manifests once more. `visit` is called from several threads at once. Returns those
  // that are gone or damaged, ascending.
  using Visit = std::function<Result<void>(std::uint32_t number, Manifest manifest)>;
  Result<std::vector<std::uint32_t>> visit_manifests(const std::vector<std::uint32_t>& numbers,
                                                     GcStage stage, const Visit& visit);

  GcInventory& inventory() { return inventory_; }
  const std::string& head_key_of(std::size_t head) const { return head_keys_[head]; }
  const std::string& head_etag_of(std::size_t head) const { return head_etags_[head]; }
  std::string key_of_object(std::uint32_t object) const;
  const std::vector<std::string>& candidate_lists() const { return candidate_lists_; }

 private:
  Result<void> read_head(const std::string& key, std::optional<std::size_t> again);
  std::uint32_t number_of(const ManifestId& id);
  Result<void> read_some(const std::vector<std::uint32_t>& numbers, bool are_named);
  Result<void> read_manifest(std::uint32_t number, bool is_named);
  Result<void> take_manifest(std::uint32_t number, ByteView bytes);
  Result<bool> visit_manifest(std::uint32_t number, const Visit& visit);
  bool is_fixed(ByteView envelope) const;
  void damaged(const std::string& what, const Error& error);

  Objects& objects_;
  std::string domain_;
  const Trust& trust_;
  std::size_t at_once_;
  GcReport& report_;
  Tick tick_;
  WeightGate gate_{k_gc_decoding_max};

  GcInventory inventory_;
  std::vector<std::string> listed_heads_;
  std::vector<std::string> candidate_lists_;
  std::map<ObjectName, std::string> other_keys_;
  std::mutex mutex_;                     // what follows, while several read
  std::vector<std::string> head_keys_;   // as inventory_.heads
  std::vector<std::string> head_etags_;  // likewise
  std::unordered_map<ManifestId, std::uint32_t> numbers_;
  std::vector<bool> is_read_;  // as inventory_.manifests
};

}  // namespace sluice::store
