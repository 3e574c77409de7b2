#include "sys/beneath.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace sluice::sys {

TEST_CASE("beneath: no link is followed, wherever it is") {
  const auto made = TempDirectory::create("beneath");
  const Path top = made->path();
  REQUIRE(make_directories(top / "root" / "a" / "b"));
  REQUIRE(make_directories(top / "outside" / "b"));
  REQUIRE(write_file_atomic(top / "root" / "a" / "b" / "file", bytes_of("x")));
  REQUIRE(write_file_atomic(top / "outside" / "b" / "file", bytes_of("y")));
  std::filesystem::create_symlink(top / "outside", top / "root" / "link");
  std::filesystem::create_symlink("../a", top / "root" / "a" / "inner");
  std::filesystem::create_symlink(top / "root", top / "by_link");
  for (const Path& root : {top / "root", top / "by_link"}) {
    const auto found = open_directory_beneath(root, "a/b");
    REQUIRE(found);
    REQUIRE(*found);
    const auto info = stat_in(**found, "file");
    CHECK((info && *info && (*info)->size == 1));
    for (const char* way : {"link", "link/b", "a/inner", "a/inner/b", "a/b/file", "a/b/file/x"}) {
      INFO(way);
      const auto refused = open_directory_beneath(root, way);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Code::denied);
    }
    const auto absent = open_directory_beneath(root, "a/none/b");
    CHECK((absent && !*absent));
  }
  const auto nowhere = open_directory_beneath(top / "none", "a");
  CHECK((nowhere && !*nowhere));
}

TEST_CASE("beneath: a directory that comes or goes meanwhile is there or absent") {
  const auto made = TempDirectory::create("beneath");
  const Path root = made->path();
  std::atomic<bool> is_over{false};
  std::jthread other([&] {
    while (!is_over) {
      (void)::mkdir((root / "d").c_str(), 0700);
      (void)::rmdir((root / "d").c_str());
    }
  });
  int failures = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (!open_directory_beneath(root, "d/e")) ++failures;
    if (!open_directory_beneath(root, "d")) ++failures;
  }
  is_over = true;
  CHECK(failures == 0);
}

TEST_CASE("beneath: entries of a directory are files, or are none") {
  const auto made = TempDirectory::create("beneath");
  const Path top = made->path();
  REQUIRE(write_file_atomic(top / "file", bytes_of("x")));
  REQUIRE(make_directories(top / "directory"));
  REQUIRE(::mkfifo((top / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_symlink("file", top / "link");
  const auto opened = open_directory_beneath(top, "");
  REQUIRE(opened);
  const Fd& directory = **opened;
  const auto file = open_file_in(directory, "file");
  CHECK((file && *file));
  for (const char* name : {"directory", "pipe", "link", "none", "file/x"}) {
    INFO(name);
    const auto other = open_file_in(directory, name);
    CHECK((other && !*other));
  }
  const auto link = stat_in(directory, "link");
  CHECK((link && *link && S_ISLNK((*link)->mode)));
  std::vector<std::string> names;
  REQUIRE(list_in(directory, top, [&](std::string_view name) -> Result<void> {
    names.emplace_back(name);
    return {};
  }));
  CHECK(names.size() == 4);
  CHECK(remove_file_in(directory, "link"));
  CHECK(remove_file_in(directory, "none"));
  CHECK(remove_file_in(directory, "directory").error().code != Code::not_found);
  CHECK(std::filesystem::exists(top / "file"));
}

}  // namespace sluice::sys
