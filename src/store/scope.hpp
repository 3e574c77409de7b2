// A scope: a named set of manifests that a job reads from or writes to.
//
// Values: any thread. A scope's key in the store is the hash of its name, so the name may be any
// text; who builds names (agent) decides what they mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::store {

// The numbers are kept on disk in the index copy and never change meaning.
enum class ScopeKind : std::uint8_t {
  commit = 0,
  parent = 1,  // only read: the commit scope of the parent
  pull_request = 2,
  branch = 3,
  base_branch = 4,     // only read: the branch scope of the base
  default_branch = 5,  // only read: the branch scope of the default branch
  tier_l1 = 6,         // Go version + go.mod
  tier_l2 = 7,         // Go version + go.sum
};
inline constexpr std::uint8_t k_scope_kind_last = 7;
std::string_view name_of(ScopeKind kind);  // "commit", "pull-request", "tier-l1", …

inline constexpr std::size_t k_scope_name_size_max = 1024;

struct Scope {
  ScopeKind kind = ScopeKind::commit;
  std::string name;  // canonical: "branch:github.com/o/r:main"

  bool operator==(const Scope&) const = default;
};

}  // namespace sluice::store
