#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::sys;

namespace {

std::vector<std::string> names_in(const Path& path) {
  std::vector<std::string> names;
  REQUIRE(list_directory(path, [&names](std::string_view name) -> Result<void> {
    names.emplace_back(name);
    return {};
  }));
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const Path& path) {
  const auto bytes = read_file(path, 1U << 20U);
  REQUIRE(bytes);
  REQUIRE(*bytes);
  return std::string(text_of(**bytes));
}

// A small file system of its own; absent where this user may not mount.
class SmallDisk {
 public:
  SmallDisk(const Path& path, const char* options) : path_(path) {
    std::filesystem::create_directory(path);
    mounted_ = ::mount("none", path.c_str(), "tmpfs", 0, options) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  Path path_;
  bool mounted_ = false;
};

struct Place {
  TempDirectory directory;
  Path operator/(std::string_view name) const { return directory.path() / name; }
};

Place make_place() {
  auto directory = TempDirectory::create("sluice-atomic-test-");
  REQUIRE(directory);
  return Place{*std::move(directory)};
}

}  // namespace

TEST_CASE("a file appears whole under its name, with nothing left beside it") {
  const Place place = make_place();
  auto file = AtomicFile::create(place / "f");
  REQUIRE(file);
  REQUIRE(file->write(bytes_of("new ")));
  REQUIRE(file->write(bytes_of("content")));
  CHECK_FALSE(stat_file(place / "f").value());
  CHECK(file->temp_path().filename().native().starts_with(k_temp_prefix));
  REQUIRE(file->commit());
  CHECK(content_of(place / "f") == "new content");
  CHECK_FALSE(file->commit());  // there is nothing left to publish
  CHECK(names_in(place.directory.path()) == std::vector<std::string>{"f"});
}

TEST_CASE("a file that is not committed vanishes") {
  const Place place = make_place();
  {
    auto first = AtomicFile::create(place / "f");
    auto second = AtomicFile::create(place / "g");
    REQUIRE(first);
    REQUIRE(second);
    AtomicFile moved = *std::move(first);
    moved = *std::move(second);
    CHECK(names_in(place.directory.path()).size() == 1);
  }
  CHECK(names_in(place.directory.path()).empty());
}

TEST_CASE("commit replaces, commit_as names late, commit_if_absent never replaces") {
  const Place place = make_place();
  REQUIRE(write_file_atomic(place / "f", bytes_of("old")));
  REQUIRE(write_file_atomic(place / "f", bytes_of("new")));
  CHECK(content_of(place / "f") == "new");

  auto late = AtomicFile::create(place / "unused");
  REQUIRE(late->write(bytes_of("late")));
  CHECK_FALSE(late->commit_as(place / "missing/name"));  // may be tried again
  REQUIRE(make_directories(place / "missing"));
  REQUIRE(late->commit_as(place / "missing/name"));
  CHECK(content_of(place / "missing/name") == "late");

  auto loser = AtomicFile::create(place / "f");
  REQUIRE(loser->write(bytes_of("loser")));
  CHECK_FALSE(loser->commit_if_absent().value());
  CHECK(content_of(place / "f") == "new");
  auto winner = AtomicFile::create(place / "fresh");
  REQUIRE(winner->write(bytes_of("winner")));
  CHECK(winner->commit_if_absent().value());
  CHECK(content_of(place / "fresh") == "winner");
  loser = AtomicFile::create(place / "x");
  loser->commit_if_absent().value();
  CHECK(names_in(place.directory.path()) == std::vector<std::string>{"f", "fresh", "missing", "x"});
}

TEST_CASE("of many writers that want one absent name exactly one wins") {
  const Place place = make_place();
  std::atomic<int> wins{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto file = AtomicFile::create(place / "one");
      if (file && file->write(bytes_of("content")) && file->commit_if_absent().value()) ++wins;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wins == 1);
  CHECK(names_in(place.directory.path()).size() == 1);
}

TEST_CASE("the temporary file may lie elsewhere on the same file system") {
  const Place place = make_place();
  REQUIRE(make_directories(place / "tmp"));
  auto file = AtomicFile::create(place / "f", 0666, place / "tmp");
  REQUIRE(file);
  CHECK(file->temp_path().parent_path() == place / "tmp");
  REQUIRE(file->commit());
  CHECK(names_in(place / "tmp").empty());
  CHECK_FALSE(AtomicFile::create(place / "none/f"));
}

TEST_CASE("a full disk is exhausted and leaves neither the target nor a temporary file") {
  const Place place = make_place();
  const SmallDisk disk(place / "disk", "size=64k");
  if (!disk.mounted()) {
    MESSAGE("skipped: this user may not mount a tmpfs");
    return;
  }
  REQUIRE(write_file_atomic(place / "disk/old", bytes_of("old")));
  CHECK(free_space(place / "disk").value() <= 64U << 10U);
  const std::string large(1U << 20U, 'x');
  const auto written = write_file_atomic(place / "disk/old", bytes_of(large));
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Code::exhausted);
  CHECK(content_of(place / "disk/old") == "old");
  CHECK(names_in(place / "disk") == std::vector<std::string>{"old"});
  const auto appended = append_to_file(place / "disk/log", bytes_of(large));
  REQUIRE_FALSE(appended);
  CHECK(appended.error().code == Code::exhausted);
}

TEST_CASE("a disk without inodes and a read-only one are said by name") {
  const Place place = make_place();
  const SmallDisk disk(place / "disk", "nr_inodes=2,size=1m");
  if (!disk.mounted()) {
    MESSAGE("skipped: this user may not mount a tmpfs");
    return;
  }
  REQUIRE(write_file_atomic(place / "disk/a", {}));
  const auto second = write_file_atomic(place / "disk/b", {});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::exhausted);
  CHECK(make_directories(place / "disk/d").error().code == Code::exhausted);
  REQUIRE(::mount("none", (place / "disk").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") == 0);
  CHECK(write_file_atomic(place / "disk/a", {}).error().code == Code::denied);
  CHECK(remove_file(place / "disk/a").error().code == Code::denied);
  CHECK(make_directories(place / "disk"));
}
