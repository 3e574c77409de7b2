#include "store/snapshot_tree.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace sluice::store {

namespace {

BlobId name_of(std::string_view text) { return sha256_as<BlobId>(bytes_of(text)); }

SnapshotEntry directory(std::string name) {
  return {.name = std::move(name), .type = EntryType::directory, .mode = 0755, .mtime_ns = -5};
}

SnapshotTree a_tree() {
  SnapshotTree tree;
  tree.bundles = {{name_of("one"), 1000}, {name_of("two"), 50}};
  tree.chunks = {{name_of("a"), 0, 0, 400}, {name_of("b"), 0, 400, 600}, {name_of("c"), 1, 10, 40}};
  SnapshotRoot root{"target", {directory(""), directory("debug")}};
  root.entries.push_back({.name = "debug/sparse",
                          .mode = 0644,
                          .mtime_ns = 1'700'000'000'123'456'789,
                          .size = 5000,
                          .extents = {{100, 2}, {140, 0}, {4000, 1}}});
  root.entries.push_back({.name = "debug/empty", .mode = 04755});
  root.entries.push_back({.name = "debug/again", .type = EntryType::hard_link, .linked = 2});
  root.entries.push_back({.name = "link", .type = EntryType::symlink, .target = "debug/sparse"});
  tree.roots = {root,
                {"~/one-file", {{.name = "", .mode = 0600, .size = 40, .extents = {{0, 2}}}}}};
  return tree;
}

}  // namespace

TEST_CASE("snapshot tree: comes back as it was written") {
  const auto bytes = encode_snapshot_tree(a_tree());
  REQUIRE(bytes);
  const auto again = decode_snapshot_tree(*bytes);
  REQUIRE(again);
  CHECK(*again == a_tree());
  for (std::size_t size = 0; size < bytes->size(); ++size) {
    CHECK_FALSE(decode_snapshot_tree(ByteView(*bytes).first(size)));
  }
  Bytes longer = *bytes;
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode_snapshot_tree(longer));
}

TEST_CASE("the golden snapshot tree of version 1") {
  const auto bytes = encode_snapshot_tree(a_tree());
  REQUIRE(bytes);
  const Bytes golden = testing::golden_file("snapshot_tree/v1", *bytes);
  CHECK(golden == *bytes);
  CHECK(decode_snapshot_tree(golden) == a_tree());
}

TEST_CASE("snapshot tree: what could not be made below one directory is refused") {
  const auto is_refused = [](const std::function<void(SnapshotTree&)>& change) {
    SnapshotTree tree = a_tree();
    change(tree);
    return !encode_snapshot_tree(tree);
  };
  const auto with_name = [&](std::string name) {
    return is_refused([&](SnapshotTree& tree) { tree.roots[0].entries[2].name = name; });
  };
  for (const char* name : {"/etc/passwd", "..", "../x", "debug/../x", "debug//x", "debug/.", "x/y",
                           "debug/", "link/x", ""}) {
    CAPTURE(name);
    CHECK(with_name(name));
  }
  CHECK(with_name(std::string("a\0b", 3)));
  CHECK(with_name(std::string(256, 'x')));
  CHECK(with_name("link"));  // twice
  CHECK_FALSE(with_name("debug/other"));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[0].name = "x"; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[4].linked = 4; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[4].linked = 1; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[2].mode = 010000; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[2].size = 4500; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[2].extents[1].offset = 139; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[2].extents[1].chunk = 3; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.chunks[2].offset = 11; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.chunks[2].bundle = 2; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.bundles[0].size = k_snapshot_bundle_max + 1; }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[0].entries[5].target.clear(); }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[1].entries.clear(); }));
  CHECK(is_refused([](SnapshotTree& tree) { tree.roots[1].path.clear(); }));
}

TEST_CASE("snapshot tree: names and keys") {
  for (const char* name : {"cargo", "a", "node_modules-18.x"}) CHECK(is_snapshot_name(name));
  for (const char* name : {"", "-a", ".x", "a/b", "a b", "ä"}) CHECK_FALSE(is_snapshot_name(name));
  CHECK_FALSE(is_snapshot_name(std::string(101, 'a')));
  CHECK(is_snapshot_key("cargo-x86_64 {1}"));
  CHECK_FALSE(is_snapshot_key(""));
  CHECK_FALSE(is_snapshot_key("a\nb"));
  CHECK_FALSE(is_snapshot_key(std::string(513, 'a')));
  CHECK(snapshot_bundle_action(name_of("a")) != snapshot_bundle_action(name_of("b")));
  CHECK(snapshot_tree_action().hex() ==
        sha256_as<ActionId>(bytes_of(std::string_view("sluice snapshot tree 1\n"))).hex());
}

}  // namespace sluice::store
