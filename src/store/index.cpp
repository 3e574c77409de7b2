#include "store/index.hpp"

#include "codec/wire.hpp"
#include "store/entry_coding.hpp"
#include "store/envelope.hpp"

#include <utility>

namespace sluice::store {

namespace {

constexpr EnvelopeKind k_index_kind{"SLUICEIX", "index copy", k_manifest_raw_size_max};

}  // namespace

void Index::add(Manifest manifest, ScopeKind from) {
  for (Entry& entry : manifest.entries) insert(std::move(entry), from);
}

Index Index::with(const Manifest& manifest, ScopeKind from) const {
  std::unordered_map<ActionId, const Entry*> changed;
  for (const Entry& entry : manifest.entries) {
    const Entry* known = find(entry.record.action);
    if (known == nullptr || known->record.output != entry.record.output ||
        known->location != entry.location) {
      changed.try_emplace(entry.record.action, &entry);
    }
  }
  Index index;
  for (const Entry* entry : order_) {
    const auto at = changed.find(entry->record.action);
    if (at == changed.end()) {
      index.insert(*entry, scope_of(*entry));
    } else {
      index.insert(*at->second, from);
    }
  }
  for (const Entry& entry : manifest.entries) index.insert(entry, from);
  return index;
}

void Index::insert(Entry entry, ScopeKind from) {
  if (entries_.size() >= k_index_records_max) return;
  const auto [at, added] = by_action_.try_emplace(entry.record.action);
  if (!added) return;
  const Entry& kept = entries_.emplace_back(std::move(entry));
  at->second = {&kept, from};
  order_.push_back(&kept);
  if (kept.location.where != Location::Where::nowhere) {
    by_blob_.try_emplace(kept.record.output, &kept.location);
  }
}

const Entry* Index::find(const ActionId& action) const {
  const auto found = by_action_.find(action);
  return found == by_action_.end() ? nullptr : found->second.entry;
}

const Location* Index::locate(const BlobId& blob) const {
  const auto found = by_blob_.find(blob);
  return found == by_blob_.end() ? nullptr : found->second;
}

ScopeKind Index::scope_of(const Entry& entry) const {
  const auto found = by_action_.find(entry.record.action);
  return found == by_action_.end() ? ScopeKind::commit : found->second.scope;
}

Result<Bytes> Index::encode() const {
  codec::WireWriter writer;
  TRY(encode_entries(writer, order_));
  for (const Entry* entry : order_) writer.u8(static_cast<std::uint8_t>(scope_of(*entry)));
  if (writer.size() > k_manifest_raw_size_max) {
    return fail(Code::exhausted, "the index is larger than a manifest may be");
  }
  return seal(k_index_kind, writer.bytes());
}

Result<Index> Index::decode(ByteView bytes) {
  TRY_ASSIGN(const Opened opened, open_envelope(k_index_kind, bytes));
  codec::WireReader reader(opened.payload);
  TRY_ASSIGN(std::vector<Entry> entries, decode_entries(reader, k_index_records_max));
  const ByteView scopes = reader.raw(entries.size());
  TRY(reader.finish("payload"));
  Index index;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto scope = std::to_integer<std::uint8_t>(scopes[i]);
    if (scope > k_scope_kind_last) return fail(Code::corrupt, "an unknown scope");
    index.insert(std::move(entries[i]), static_cast<ScopeKind>(scope));
  }
  return index;
}

}  // namespace sluice::store
