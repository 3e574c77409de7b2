#include "agent/snapshot_restore.hpp"

#include "agent/snapshot_for_test.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::agent {

using store::testing::body_of;

namespace {

constexpr std::uint64_t k_mib = 1U << 20U;

// Of everything that a directory may have in it.
void write_all_kinds(const SnapshotDesk& desk) {
  for (int i = 0; i < 200; ++i) {
    desk.write(fmt::format("tree/small/{}", i), body_of(static_cast<std::uint64_t>(i), 5000));
  }
  desk.write("tree/large", body_of(1000, 40'000'000));
  desk.write("tree/empty", "");
  desk.write("tree/tool", "#!/bin/sh\n");
  desk.write("tree/shut/secret", "s");
  REQUIRE(sys::make_directories(desk.at("tree/no-file/inner")));
  REQUIRE(sys::ensure_symlink(desk.at("tree/link"), "small/1"));
  REQUIRE(sys::ensure_symlink(desk.at("tree/dangling"), "/nowhere"));
  REQUIRE(::link(desk.at("tree/tool").c_str(), desk.at("tree/twin").c_str()) == 0);
  const sys::Fd sparse(::open(desk.at("tree/sparse").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::ftruncate(sparse.get(), 30 * k_mib) == 0);
  REQUIRE(sys::write_all_at(sparse.get(), body_of(5, k_mib), 20 * k_mib));
  REQUIRE(sys::set_mode_and_time(desk.at("tree/tool"), 0755, 1'600'000'000'123'456'789));
  REQUIRE(sys::set_mode_and_time(desk.at("tree/shut/secret"), 0400, 5));
  REQUIRE(sys::set_mode_and_time(desk.at("tree/shut"), 0555, 1'500'000'000'000'000'001));
}

}  // namespace

TEST_CASE("restore: everything is as it was") {
  SnapshotDesk desk;
  write_all_kinds(desk);
  desk.write("one-file", "alone");
  const auto before = desk.contents("tree");
  const auto before_file = desk.contents("one-file");
  desk.save("k", {"tree", "one-file"});
  REQUIRE(sys::remove_closed_tree(desk.at("tree")));
  REQUIRE(sys::remove_file(desk.at("one-file")));
  const auto report = desk.restore("k", {desk.place("tree"), desk.place("one-file")});
  REQUIRE(report);
  CHECK(report->files == 206);
  CHECK(report->kept.empty());
  CHECK(desk.contents("tree") == before);
  CHECK(desk.contents("one-file") == before_file);
  const auto items = sys::walk_tree(desk.at("tree"), {});
  REQUIRE(items);
  for (const sys::TreeItem& item : *items) {
    if (item.name == "sparse") CHECK(item.has_holes);
  }
  // Somewhere else, by the name that it was saved under.
  REQUIRE(desk.restore("k", {{"tree", desk.at("deep/down/elsewhere")}}));
  CHECK(desk.contents("deep/down/elsewhere") == before);
}

TEST_CASE("restore: what is there stays, unless it is to be replaced") {
  SnapshotDesk desk;
  desk.write("tree/a", "new");
  desk.save("k", {"tree"});
  desk.write("tree/a", "old");
  desk.write("tree/b", "old");
  const auto kept = desk.restore("k", {desk.place("tree")});
  REQUIRE(kept);
  CHECK(kept->kept == std::vector<std::string>{"tree"});
  CHECK(desk.contents("tree").size() == 3);
  REQUIRE(desk.restore("k", {desk.place("tree")},
                       {.replaces = true, .drops_damaged = false, .excludes = {}}));
  CHECK(desk.contents("tree").size() == 2);
  CHECK(text_of(**sys::read_file(desk.at("tree/a"), 10)) == "new");
  // An empty directory is no content; a link to a directory leads there.
  REQUIRE(sys::make_directories(desk.at("empty")));
  REQUIRE(sys::ensure_symlink(desk.at("by-link"), "empty"));
  REQUIRE(desk.restore("k", {{"tree", desk.at("by-link")}}));
  CHECK(desk.contents("empty").size() == 2);
  CHECK(std::filesystem::is_symlink(desk.at("by-link")));
}

TEST_CASE("restore: a part can be left out") {
  SnapshotDesk desk;
  desk.write("tree/build/x/y", "1");
  desk.write("tree/build-other", "2");
  desk.write("tree/deps/build/z", "3");
  desk.save("k", {"tree"});
  REQUIRE(desk.restore("k", {{"tree", desk.at("out")}},
                       {.replaces = false, .drops_damaged = false, .excludes = {"build/**"}}));
  std::vector<std::string> names;
  for (const auto& [name, text] : desk.contents("out")) names.push_back(name);
  CHECK(names == std::vector<std::string>{"", "build-other", "deps", "deps/build", "deps/build/z"});
}

TEST_CASE("restore: all or nothing") {
  SnapshotDesk desk;
  desk.write("one/a", body_of(1, 20'000'000));
  desk.write("two/b", body_of(2, 20'000'000));
  desk.save("k", {"one", "two"});
  REQUIRE(sys::remove_tree(desk.at("one")));
  REQUIRE(sys::remove_tree(desk.at("two")));
  const auto snapshot = desk.load("k");
  REQUIRE(snapshot);
  REQUIRE(snapshot->bundles.size() > 1);
  int ranges = 0;
  desk.objects.before_get = [&ranges](std::string_view) -> Result<void> {
    if (++ranges == 2) return fail(Code::unavailable, "it is gone");
    return {};
  };
  const auto report =
      restore_snapshot(desk.objects, *snapshot, {desk.place("one"), desk.place("two")}, {}, {},
                       store::testing::soon());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::unavailable);
  CHECK(std::filesystem::is_empty(desk.temporary.path()));
  desk.objects.before_get = nullptr;
  const auto unknown = restore_snapshot(desk.objects, *snapshot, {desk.place("three")}, {}, {},
                                        store::testing::soon());
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message == "the snapshot has no path three; it has one, two");
}

}  // namespace sluice::agent
