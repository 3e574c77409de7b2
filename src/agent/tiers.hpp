// Where a session's bodies lie: the local tier, and while that cannot take them a second, private
// one.
//
// Belongs to one session; one thread at a time. What fails is counted in the caller's Faults and
// never more than that. Sizes are bytes. The spill lies in the agent's runtime directory and goes
// with the agent.
#pragma once

#include "agent/config.hpp"
#include "agent/counters.hpp"
#include "base/digest.hpp"
#include "gotool/local_tier.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>

namespace sluice::agent {

inline constexpr std::size_t k_whole_body_bytes = 64U << 10U;  // up to here a write fails cheaply
inline constexpr std::uint64_t k_space_reserve_bytes = 1U << 20U;
inline constexpr std::uint64_t k_spill_reserve_bytes = 256U << 20U;

class Tiers {
 public:
  explicit Tiers(const AgentConfig& config) : config_(config) {}

  void open(Faults& faults);
  std::optional<gotool::LocalHit> find(const ActionId& action, Faults& faults) const;
  // Where a body of this size goes: the local tier, else the spill, else nowhere.
  gotool::LocalTier* writable(std::uint64_t size_bytes, Faults& faults);
  bool is_local(const gotool::LocalTier* tier) const { return local_ && tier == &*local_; }
  // The local tier itself, while it takes writes.
  gotool::LocalTier* local() { return local_ && !local_failed_ ? &*local_ : nullptr; }
  // A tier refused a write: the rest of this session's bodies go elsewhere.
  void mark_failed(const gotool::LocalTier* tier);
  // A path of the right form for an answer whose body could be stored nowhere.
  std::string lost_path(const BlobId& output) const;

 private:
  void open_spill();

  const AgentConfig& config_;
  std::optional<gotool::LocalTier> local_;
  std::optional<gotool::LocalTier> spill_;
  Result<sys::FileLock> spill_lock_ = fail(Code::not_found, "no spill");
  bool local_failed_ = false;
  bool spill_failed_ = false;
};

}  // namespace sluice::agent
