// What the tests of snapshots share: directories with known files, a store in memory, and a job
// that saves and restores.
//
// For tests only; one thread. No errors: what fails ends the test.
#pragma once

#include "agent/snapshot_restore.hpp"
#include "agent/snapshot_save.hpp"
#include "store/testing.hpp"
#include "sys/tree.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace sluice::agent {

struct SnapshotDesk {
  sys::TempDirectory temporary = *sys::TempDirectory::create("snapshot");
  store::testing::MemoryObjects objects;
  std::vector<store::Scope> scopes =
      snapshot_scopes(
          {{},
           {{store::ScopeKind::commit, "commit:r:1"}, {store::ScopeKind::branch, "branch:r:main"}}},
          "cargo")
          .write;

  sys::Path at(std::string_view name) const { return temporary.path() / name; }
  SnapshotPlace place(std::string_view name) const { return {std::string(name), at(name)}; }

  void write(std::string_view name, ByteView bytes) const {
    const sys::Path path = at(name);
    REQUIRE(sys::make_directories(path.parent_path()));
    REQUIRE(sys::write_file_atomic(path, bytes));
  }
  void write(std::string_view name, std::string_view text) const { write(name, bytes_of(text)); }

  std::optional<Snapshot> load(std::string_view key) {
    const auto found = store::list_scopes(objects, {"trusted"}, scopes, store::testing::soon());
    REQUIRE(found.faults.empty());
    const auto chosen = choose_snapshot(found.manifests, key, {});
    if (!chosen) return std::nullopt;
    auto snapshot = load_snapshot(objects, {"trusted"}, *chosen->listed, store::testing::soon());
    REQUIRE(snapshot);
    return std::move(*snapshot);
  }

  SaveReport save(std::string_view key, const std::vector<std::string>& names,
                  const Snapshot* before = nullptr, const std::vector<std::string>& excludes = {}) {
    std::vector<SnapshotPlace> places;
    for (const std::string& name : names) places.push_back(place(name));
    auto source = read_source(places, excludes);
    REQUIRE(source);
    SaveOptions options;
    options.domain = "trusted";
    options.trust = {"trusted"};
    options.scopes = scopes;
    options.info.job_name = key;
    options.info.job_id = key;
    options.info.created_ns = unix_now_ns();
    const auto report =
        save_snapshot(objects, std::move(*source), before, options, {}, store::testing::soon());
    REQUIRE(report);
    CHECK(report->faults.empty());
    return *report;
  }

  Result<RestoreReport> restore(std::string_view key, const std::vector<SnapshotPlace>& places,
                                const RestoreOptions& options = {}) {
    const auto snapshot = load(key);
    REQUIRE(snapshot);
    return restore_snapshot(objects, *snapshot, places, options, {}, store::testing::soon());
  }

  // Names with all that a snapshot keeps of them.
  std::map<std::string, std::string> contents(std::string_view name) const {
    std::map<std::string, std::string> found;
    const auto items = sys::walk_tree(at(name), {});
    REQUIRE(items);
    std::map<std::uint64_t, std::string> inodes;
    for (const sys::TreeItem& item : *items) {
      std::string text = fmt::format("{} {:o} {} {} ", static_cast<int>(item.type), item.mode,
                                     item.mtime_ns, item.target);
      if (item.type == sys::TreeItemType::file) {
        const sys::Path path = item.name.empty() ? at(name) : at(name) / item.name;
        const auto bytes = sys::read_file(path, std::uint64_t{1} << 30U);
        REQUIRE(bytes);
        text += to_hex(sha256(**bytes)) + " as " +
                inodes.try_emplace(item.inode, item.name).first->second;
      }
      found[item.name] = text;
    }
    return found;
  }
};

}  // namespace sluice::agent
