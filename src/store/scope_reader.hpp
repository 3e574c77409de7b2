// Reads what a job's scopes hold: all heads at once, then all manifests that the heads did not
// carry.
//
// Blocking, from any thread; uses at most k_scope_readers_max threads of its own, all ended on
// return. Never fails: what cannot be read, believed or understood is left out and told as a fault.
#pragma once

#include "base/deadline.hpp"
#include "store/manifest.hpp"
#include "store/objects.hpp"
#include "store/scope.hpp"

#include <string>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_scope_readers_max = 16;
// Records in memory at once: what comes after the better manifests is left out, with a fault.
inline constexpr std::size_t k_loaded_records_max = 1U << 19U;
// Manifest objects in memory at once, compressed.
inline constexpr std::uint64_t k_loaded_bytes_max = 64ULL << 20U;

struct LoadedManifest {
  ScopeKind from = ScopeKind::commit;
  Manifest manifest;
  ManifestId id;
};

struct LoadedScopes {
  std::vector<LoadedManifest> manifests;  // best scope first, newest first; each id once
  std::vector<Error> faults;
};

// `read_domains` are the trust domains this job believes, best first; entries whose bytes lie in
// any other are dropped (one fault per manifest that has such).
LoadedScopes load_scopes(Objects& objects, const std::vector<std::string>& read_domains,
                         const std::vector<Scope>& scopes, Deadline deadline);

}  // namespace sluice::store
