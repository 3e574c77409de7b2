// The index: the union of a job's manifests in memory, which answers every lookup without a round
// trip.
//
// Filled by one thread, then read-only: any number of threads may read it. Pointers it returns live
// as long as the index (a move keeps them). Of two records of one action the first added wins, so
// manifests are added best scope first. encode and decode carry the copy kept on disk between jobs:
// Code::corrupt, Code::unsupported for a newer version.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/manifest.hpp"
#include "store/record.hpp"
#include "store/scope.hpp"

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_index_records_max = 1U << 20U;  // what is added beyond is left out

class Index {
 public:
  Index() = default;
  Index(Index&&) noexcept = default;
  Index& operator=(Index&&) noexcept = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  void add(Manifest manifest, ScopeKind from);
  // This index, and what a manifest written since adds to it or locates anew; it is as `from` has
  // it.
  Index with(const Manifest& manifest, ScopeKind from) const;

  const Entry* find(const ActionId& action) const;
  const Location* locate(const BlobId& blob) const;  // none for the empty blob
  // Order of first use: the best scope's newest manifest, then what each further one adds.
  const std::vector<const Entry*>& in_use_order() const { return order_; }
  std::size_t size() const { return order_.size(); }
  bool empty() const { return order_.empty(); }
  // Of an entry of this index.
  ScopeKind scope_of(const Entry& entry) const;

  Result<Bytes> encode() const;
  static Result<Index> decode(ByteView bytes);

 private:
  struct Slot {
    const Entry* entry = nullptr;
    ScopeKind scope = ScopeKind::commit;
  };
  void insert(Entry entry, ScopeKind from);

  std::deque<Entry> entries_;  // stable addresses
  std::vector<const Entry*> order_;
  std::unordered_map<ActionId, Slot> by_action_;
  std::unordered_map<BlobId, const Location*> by_blob_;
};

}  // namespace sluice::store
