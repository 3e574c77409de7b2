#include "agent/snapshot_shelf.hpp"

#include "store/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::agent {

namespace {

using store::Entry;
using store::ListedManifest;

Result<Snapshot> load_unmarked(store::Objects& objects, const store::Trust& trust,
                               const ListedManifest& listed, Deadline deadline) {
  TRY_ASSIGN(store::Manifest manifest, store::load_manifest(objects, trust, listed, deadline));
  if (manifest.entries.empty() ||
      manifest.entries.front().record.action != store::snapshot_tree_action()) {
    return fail(Code::corrupt,
                fmt::format("manifest {}: it is no snapshot's", listed.ref.id.short_hex()));
  }
  Snapshot snapshot;
  snapshot.tree_entry = manifest.entries.front();
  if (snapshot.tree_entry.record.size > store::k_snapshot_tree_max) {
    return fail(Code::exhausted, "its tree is larger than any may be");
  }
  TRY_ASSIGN(const Bytes bytes, snapshot_blob(objects, snapshot.tree_entry, deadline));
  TRY_ASSIGN(snapshot.tree, store::decode_snapshot_tree(bytes));
  std::unordered_map<BlobId, Entry*> by_blob;
  for (Entry& entry : manifest.entries) by_blob.emplace(entry.record.output, &entry);
  for (const store::SnapshotBundle& bundle : snapshot.tree.bundles) {
    const auto at = by_blob.find(bundle.id);
    if (at == by_blob.end() || at->second->record.size != bundle.size) {
      return fail(Code::corrupt, fmt::format("manifest {}: bundle {} is not in it",
                                             listed.ref.id.short_hex(), bundle.id.short_hex()));
    }
    snapshot.bundles.push_back(*at->second);
  }
  return snapshot;
}

}  // namespace

Scopes snapshot_scopes(const Scopes& job, std::string_view name) {
  const auto named = [name](const std::vector<store::Scope>& scopes) {
    std::vector<store::Scope> of_name;
    for (const store::Scope& scope : scopes) {
      if (scope.kind == store::ScopeKind::tier_l1 || scope.kind == store::ScopeKind::tier_l2) {
        continue;
      }
      of_name.push_back({scope.kind, fmt::format("snapshot:{}:{}", name, scope.name)});
    }
    return of_name;
  };
  Scopes scopes{named(job.read), named(job.write)};
  if (scopes.write.empty()) {
    scopes.write.push_back({store::ScopeKind::branch, fmt::format("snapshot:{}:nowhere", name)});
    scopes.read.push_back(scopes.write.front());
  }
  return scopes;
}

Error of_store(Error error) {
  if (error.code != Code::timeout) error.code = Code::unavailable;
  return error;
}

bool is_of_store(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::timeout;
}

std::optional<ChosenSnapshot> choose_snapshot(const std::vector<ListedManifest>& listed,
                                              std::string_view key,
                                              const std::vector<std::string>& fallbacks) {
  const auto exact = std::ranges::find_if(
      listed, [&](const ListedManifest& one) { return one.ref.job_name == key; });
  if (exact != listed.end()) return ChosenSnapshot{&*exact, true};
  for (const std::string& fallback : fallbacks) {
    const auto near = std::ranges::find_if(
        listed, [&](const ListedManifest& one) { return one.ref.job_name.starts_with(fallback); });
    if (near != listed.end()) return ChosenSnapshot{&*near, false};
  }
  return std::nullopt;
}

Result<Bytes> snapshot_blob(store::Objects& objects, const Entry& entry, Deadline deadline) {
  Bytes bytes;
  bytes.reserve(
      static_cast<std::size_t>(std::min(entry.record.size, store::k_snapshot_bundle_max)));
  TRY(store::fetch_blob(
      objects, entry,
      [&bytes](ByteView piece) -> Result<void> {
        append(bytes, piece);
        return {};
      },
      deadline));
  return bytes;
}

Result<Snapshot> load_snapshot(store::Objects& objects, const store::Trust& trust,
                               const ListedManifest& listed, Deadline deadline) {
  auto loaded = load_unmarked(objects, trust, listed, deadline);
  if (!loaded) return std::unexpected(of_store(std::move(loaded).error()));
  return loaded;
}

}  // namespace sluice::agent
