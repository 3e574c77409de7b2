#include "agent/tiers.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

namespace sluice::agent {
namespace {

using gotool::LocalHit;
using gotool::LocalTier;

constexpr auto k_spill_lock_wait = std::chrono::seconds(2);  // an agent may be removing it

bool has_room(const sys::Path& directory, std::uint64_t size_bytes) {
  if (size_bytes <= k_whole_body_bytes) return true;
  const auto space = sys::free_space(directory);
  return !space || *space > size_bytes + k_space_reserve_bytes;
}

}  // namespace

void Tiers::open(Faults& faults) {
  auto tier = LocalTier::open_over(config_.local_tier, config_.shared_tier);
  if (tier) {
    local_ = std::move(*tier);
  } else {
    count_fault(faults, "local-tier", tier.error().message);
  }
}

std::optional<LocalHit> Tiers::find(const ActionId& action, Faults& faults) const {
  for (const auto* tier : {&local_, &spill_}) {
    if (!*tier) continue;
    auto hit = (*tier)->find(action);
    if (!hit)
      count_fault(faults, "local-tier", hit.error().message);
    else if (*hit)
      return std::move(**hit);
  }
  return std::nullopt;
}

LocalTier* Tiers::writable(std::uint64_t size_bytes, Faults& faults) {
  if (local_ && !local_failed_) {
    if (has_room(config_.local_tier, size_bytes)) return &*local_;
    count_fault(
        faults, "local-tier",
        fmt::format("{}: no room for {}", config_.local_tier.native(), format_size(size_bytes)));
  }
  if (!spill_ && !spill_failed_) open_spill();
  if (!spill_ || spill_failed_) return nullptr;
  // Often memory, and needed by others: what does not fit easily is lost, which costs go nothing.
  const auto space = sys::free_space(config_.spill_directory());
  return !space || *space > size_bytes + k_spill_reserve_bytes ? &*spill_ : nullptr;
}

void Tiers::mark_failed(const LocalTier* tier) {
  (is_local(tier) ? local_failed_ : spill_failed_) = true;
}

std::string Tiers::lost_path(const BlobId& output) const {
  return (config_.local_tier / output.hex().substr(0, 2) / (output.hex() + "-d")).native();
}

void Tiers::open_spill() {
  auto ready = sys::make_private_directory(config_.runtime_directory);
  if (ready) {
    // Held as long as go may read from there: the agent that removes it wants it alone.
    spill_lock_ = sys::FileLock::share(config_.spill_lock(), Deadline::after(k_spill_lock_wait));
    if (auto tier = LocalTier::open(config_.spill_directory()); tier && spill_lock_) {
      spill_ = std::move(*tier);
      return;
    }
  }
  spill_failed_ = true;
}

}  // namespace sluice::agent
