#include "store/scope.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string_view>

namespace sluice::store {
namespace {

TEST_CASE("every kind of scope has a name of its own") {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= k_scope_kind_last; ++kind) {
    names.insert(name_of(static_cast<ScopeKind>(kind)));
  }
  CHECK(names.size() == k_scope_kind_last + 1U);
  CHECK(name_of(ScopeKind::commit) == "commit");
  CHECK(name_of(ScopeKind::tier_l2) == "tier-l2");
}

TEST_CASE("the numbers kept on disk") {
  CHECK(static_cast<int>(ScopeKind::commit) == 0);
  CHECK(static_cast<int>(ScopeKind::branch) == 3);
  CHECK(static_cast<int>(ScopeKind::tier_l2) == k_scope_kind_last);
}

}  // namespace
}  // namespace sluice::store
