#include "sys/tree.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace sluice::sys {

namespace {

struct Fixture {
  TempDirectory temporary = *TempDirectory::create("tree");
  Path root = temporary.path() / "root";

  Fixture() { REQUIRE(make_directories(root)); }
  void write(const std::string& name, std::string_view text = "x") const {
    REQUIRE(make_directories((root / name).parent_path()));
    REQUIRE(write_file_atomic(root / name, bytes_of(text)));
  }
};

std::vector<std::string> names_of(const std::vector<TreeItem>& items) {
  std::vector<std::string> names;
  for (const TreeItem& item : items) names.push_back(item.name);
  return names;
}

}  // namespace

TEST_CASE("tree: a directory before what is in it, names in order, links as they are") {
  const Fixture at;
  at.write("b/z");
  at.write("b/a", "four");
  at.write("a.txt");
  REQUIRE(ensure_symlink(at.root / "link", "/nowhere"));
  REQUIRE(::mkfifo((at.root / "pipe").c_str(), 0600) == 0);
  REQUIRE(::link((at.root / "b/a").c_str(), (at.root / "b/twin").c_str()) == 0);
  REQUIRE(touch(at.root / "b/a", 1'234'567'890'123'456'789));
  const auto items = walk_tree(at.root, {});
  REQUIRE(items);
  CHECK(names_of(*items) ==
        std::vector<std::string>{"", "a.txt", "b", "b/a", "b/twin", "b/z", "link", "pipe"});
  const TreeItem& file = (*items)[3];
  CHECK(file.type == TreeItemType::file);
  CHECK(file.size == 4);
  CHECK(file.links == 2);
  CHECK(file.inode == (*items)[4].inode);
  CHECK(file.mtime_ns == 1'234'567'890'123'456'789);
  CHECK((*items)[6].target == "/nowhere");
  CHECK((*items)[7].type == TreeItemType::other);
}

TEST_CASE("tree: what is not wanted is left out with all below it") {
  const Fixture at;
  at.write("keep/x");
  at.write("drop/x");
  const auto items = walk_tree(at.root, [](std::string_view name, bool) { return name != "drop"; });
  REQUIRE(items);
  CHECK(names_of(*items) == std::vector<std::string>{"", "keep", "keep/x"});
}

TEST_CASE("tree: a root may be a file, or a link to a directory, and must be there") {
  const Fixture at;
  at.write("b/a");
  const auto file = walk_tree(at.root / "b/a", {});
  REQUIRE(file);
  CHECK(file->size() == 1);
  REQUIRE(ensure_symlink(at.root / "link", "b"));
  const auto linked = walk_tree(at.root / "link", {});
  REQUIRE(linked);
  CHECK(names_of(*linked) == std::vector<std::string>{"", "a"});
  const auto absent = walk_tree(at.root / "absent", {});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Code::not_found);
}

TEST_CASE("tree: holes are found") {
  const Fixture at;
  const Path path = at.root / "sparse";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  const Fd owned(fd);
  constexpr std::uint64_t k_mib = 1U << 20U;
  REQUIRE(::ftruncate(fd, 8 * k_mib) == 0);
  REQUIRE(write_all_at(fd, Bytes(k_mib, std::byte{1}), 2 * k_mib));
  const auto ranges = data_ranges(fd, 0, 8 * k_mib);
  REQUIRE(ranges);
  CHECK(*ranges == std::vector<FileRange>{{2 * k_mib, k_mib}});
  CHECK(data_ranges(fd, 4 * k_mib, k_mib)->empty());
  CHECK(*data_ranges(fd, 2 * k_mib + 5, 10) == std::vector<FileRange>{{2 * k_mib + 5, 10}});
  const auto items = walk_tree(at.root, {});
  REQUIRE(items);
  CHECK((*items)[1].has_holes);
}

TEST_CASE("tree: directories that nobody may write go too") {
  const Fixture at;
  at.write("a/b/c");
  REQUIRE(set_mode_and_time(at.root / "a/b", 0555, 0));
  REQUIRE(set_mode_and_time(at.root / "a", 0, 0));
  REQUIRE(remove_closed_tree(at.root));
  CHECK_FALSE(stat_file(at.root)->has_value());
  CHECK(remove_closed_tree(at.root));
}

TEST_CASE("tree: modes and times are set, before 1970 too, and names exchanged") {
  const Fixture at;
  at.write("a", "a");
  at.write("b", "b");
  REQUIRE(set_mode_and_time(at.root / "a", 0640, -1));
  const auto info = stat_file(at.root / "a");
  REQUIRE(info);
  CHECK((*info)->mtime_ns == -1);
  CHECK(((*info)->mode & 07777) == 0640);
  const auto file = open_read(at.root / "b");
  REQUIRE(file);
  REQUIRE(set_mode_and_time(file->get(), 0444, 5));
  CHECK(stat_file(at.root / "b")->value().mtime_ns == 5);
  REQUIRE(exchange(at.root / "a", at.root / "b"));
  CHECK(text_of(**read_file(at.root / "a", 10)) == "b");
}

}  // namespace sluice::sys
