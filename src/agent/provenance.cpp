#include "agent/provenance.hpp"

#include <algorithm>

namespace sluice::agent {
namespace {

constexpr std::string_view k_magic = "SLP1";
constexpr std::size_t k_checked_bytes = 68;

bool is_record(ByteView bytes) {
  if (bytes.size() < k_provenance_record_size) return false;
  if (text_of(bytes.first(k_magic.size())) != k_magic) return false;
  const auto digest = sha256(bytes.first(k_checked_bytes));
  return text_of(bytes.subspan(k_checked_bytes, 4)) == text_of(ByteView(digest).first(4));
}

}  // namespace

Bytes encode_provenance(const ActionId& action, const BlobId& output) {
  Bytes record = copy_of(bytes_of(k_magic));
  append(record, action.view());
  append(record, output.view());
  const auto digest = sha256(record);
  append(record, ByteView(digest).first(4));
  return record;
}

std::unordered_map<ActionId, BlobId> decode_provenance(ByteView bytes) {
  std::unordered_map<ActionId, BlobId> known;
  while (bytes.size() >= k_provenance_record_size) {
    if (!is_record(bytes)) {
      bytes = bytes.subspan(1);
      continue;
    }
    const auto action = ActionId::from_bytes(bytes.subspan(k_magic.size(), k_digest_size));
    const auto output =
        BlobId::from_bytes(bytes.subspan(k_magic.size() + k_digest_size, k_digest_size));
    known.insert_or_assign(*action, *output);
    bytes = bytes.subspan(k_provenance_record_size);
  }
  return known;
}

Result<void> Provenance::open(const sys::Path& file, const gotool::LocalTier& tier) {
  const std::lock_guard lock(mutex_);
  file_ = file;
  TRY(sys::make_directories(file.parent_path(), 0700));
  TRY_ASSIGN(const auto info, sys::stat_file(file));
  if (!info) return {};
  // Whatever size others brought it to: its end is what is newest.
  const std::uint64_t size = std::min(info->size, k_provenance_bytes_max);
  TRY_ASSIGN(const sys::Fd fd, sys::open_read(file));
  Bytes bytes(static_cast<std::size_t>(size));
  TRY_ASSIGN(const std::size_t count, sys::read_at(fd.get(), bytes, info->size - size));
  known_ = decode_provenance(ByteView(bytes).first(count));
  if (info->size > k_provenance_bytes_max) TRY(rewrite_locked(tier));
  return {};
}

Result<void> Provenance::rewrite_locked(const gotool::LocalTier& tier) {
  TRY_ASSIGN(const auto present, tier.list_actions());
  Bytes kept;
  std::erase_if(known_, [&present](const auto& pair) { return !present.contains(pair.first); });
  for (const auto& [action, output] : known_) append(kept, encode_provenance(action, output));
  return sys::write_file_atomic(file_, kept, 0600);
}

bool Provenance::has(const ActionId& action, const BlobId& output) const {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(action);
  return at != known_.end() && at->second == output;
}

Result<void> Provenance::add(const ActionId& action, const BlobId& output) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = known_.try_emplace(action, output);
  if (!is_new && at->second == output) return {};
  at->second = output;
  return sys::append_to_file(file_, encode_provenance(action, output));
}

}  // namespace sluice::agent
