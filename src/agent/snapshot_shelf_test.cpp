#include "agent/snapshot_shelf.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {

namespace {

store::ListedManifest listed(std::string key, UnixNanos created_ns) {
  store::ListedManifest one;
  one.ref.job_name = std::move(key);
  one.ref.created_ns = created_ns;
  return one;
}

}  // namespace

TEST_CASE("snapshots: the key asked for is better than any fallback, and those go in turn") {
  const std::vector<store::ListedManifest> shelf = {listed("cargo-1-b", 4), listed("cargo-1-a", 3),
                                                    listed("cargo-2-a", 2), listed("cargo-1-b", 1)};
  const auto chosen = [&](std::string_view key, const std::vector<std::string>& fallbacks) {
    const auto one = choose_snapshot(shelf, key, fallbacks);
    return one ? std::pair(one->key(), one->is_exact) : std::pair(std::string(), false);
  };
  using Pair = std::pair<std::string, bool>;
  CHECK(chosen("cargo-2-a", {"cargo-1"}) == Pair("cargo-2-a", true));
  CHECK(chosen("cargo-3", {"cargo-2-", "cargo-"}) == Pair("cargo-2-a", false));
  CHECK(chosen("cargo-3", {"cargo-3", "cargo-"}) == Pair("cargo-1-b", false));
  CHECK(choose_snapshot(shelf, "cargo-1-b", {})->listed->ref.created_ns == 4);
  CHECK_FALSE(choose_snapshot(shelf, "cargo-3", {"npm"}));
  CHECK_FALSE(choose_snapshot(shelf, "cargo", {}));
}

TEST_CASE("snapshots: a name has scopes of its own, of the same tiers") {
  using enum store::ScopeKind;
  const store::Scope main{branch, "branch:github.com/o/r:main"};
  const auto scopes = snapshot_scopes({{main, {tier_l1, "l1:x"}}, {main}}, "cargo");
  const store::Scope named{branch, "snapshot:cargo:branch:github.com/o/r:main"};
  CHECK(scopes.read == std::vector{named});
  CHECK(scopes.write == std::vector{named});
  const auto nowhere =
      snapshot_scopes({{{default_branch, "branch:x:main"}}, {{tier_l2, "x"}}}, "a");
  CHECK(nowhere.write == std::vector{store::Scope{branch, "snapshot:a:nowhere"}});
  CHECK(nowhere.read.size() == 2);
  CHECK(nowhere.read[1] == nowhere.write[0]);
}

}  // namespace sluice::agent
