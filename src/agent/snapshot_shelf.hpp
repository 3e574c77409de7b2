// Which snapshots of a name there are for a job, and which of them a key means.
//
// Values and functions without state: any thread; load_snapshot blocks. Its errors are the store's
// (is_of_store), also for what is no snapshot. Format: docs/formats/snapshots.md.
#pragma once

#include "agent/job.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/objects.hpp"
#include "store/scope_reader.hpp"
#include "store/snapshot_tree.hpp"
#include "store/trust.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::agent {

// The scopes of a job's scopes in which snapshots of this name are listed. The key tiers are left
// out: they would carry what a branch has made to every other branch with the same go.mod. Where
// nothing says which branch or commit it is, all such jobs have one scope.
Scopes snapshot_scopes(const Scopes& job, std::string_view name);

// An error of the store, told apart from those of directories: whatever it was, Code::unavailable
// or Code::timeout.
Error of_store(Error error);
bool is_of_store(const Error& error);

struct ChosenSnapshot {
  const store::ListedManifest* listed = nullptr;  // of those that were given
  bool is_exact = false;                          // its key is the one asked for

  const std::string& key() const { return listed->ref.job_name; }
};
// The first with this key; else, fallback by fallback, the first whose key is that text or begins
// with it.
std::optional<ChosenSnapshot> choose_snapshot(const std::vector<store::ListedManifest>& listed,
                                              std::string_view key,
                                              const std::vector<std::string>& fallbacks);

// The bytes of a tree or of a bundle, verified.
Result<Bytes> snapshot_blob(store::Objects& objects, const store::Entry& entry, Deadline deadline);

struct Snapshot {
  store::SnapshotTree tree;
  store::Entry tree_entry;
  std::vector<store::Entry> bundles;  // as tree.bundles
};
Result<Snapshot> load_snapshot(store::Objects& objects, const store::Trust& trust,
                               const store::ListedManifest& listed, Deadline deadline);

}  // namespace sluice::agent
