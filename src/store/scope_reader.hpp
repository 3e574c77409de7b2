// Reads what a job's scopes hold: all heads at once, then all manifests that the heads did not
// carry.
//
// Blocking, from any thread; uses at most k_scope_readers_max threads of its own, all ended on
// return. Never fails: what cannot be read, believed or understood is left out and told as a fault;
// Code::untrusted is what no believed key has signed, or an older head that was put back. Heads
// that are believed are remembered.
#pragma once

#include "base/deadline.hpp"
#include "store/head.hpp"
#include "store/manifest.hpp"
#include "store/objects.hpp"
#include "store/scope.hpp"
#include "store/trust.hpp"

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

// What a head lists, unread.
struct ListedManifest {
  ScopeKind from = ScopeKind::commit;
  std::string domain;  // where it lies
  ManifestRef ref;
};

struct ListedScopes {
  std::vector<ListedManifest> manifests;  // as in LoadedScopes
  std::vector<Error> faults;
};

// The heads alone, for those who need few of the manifests.
ListedScopes list_scopes(Objects& objects, const Trust& trust, const std::vector<Scope>& scopes,
                         Deadline deadline);
// One of them. Code::not_found, Code::corrupt, Code::unsupported; Code::denied where it, or the
// bytes of one of its entries, belong to a domain that is not read; Code::untrusted.
Result<Manifest> load_manifest(Objects& objects, const Trust& trust, const ListedManifest& listed,
                               Deadline deadline);

// Entries whose bytes lie in a domain that is not read are dropped (one fault per manifest that has
// such).
LoadedScopes load_scopes(Objects& objects, const Trust& trust, const std::vector<Scope>& scopes,
                         Deadline deadline);

}  // namespace sluice::store
