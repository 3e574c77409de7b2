#include "store/scope.hpp"

namespace sluice::store {

std::string_view name_of(ScopeKind kind) {
  switch (kind) {
    case ScopeKind::commit: return "commit";
    case ScopeKind::parent: return "parent";
    case ScopeKind::pull_request: return "pull-request";
    case ScopeKind::branch: return "branch";
    case ScopeKind::base_branch: return "base-branch";
    case ScopeKind::default_branch: return "default-branch";
    case ScopeKind::tier_l1: return "tier-l1";
    case ScopeKind::tier_l2: return "tier-l2";
  }
  return "unknown";
}

}  // namespace sluice::store
