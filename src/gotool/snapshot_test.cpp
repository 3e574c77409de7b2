#include "gotool/snapshot.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cerrno>
#include <functional>

using namespace sluice;
using namespace sluice::gotool;

namespace {

void write(const sys::Path& file, std::string_view text) {
  REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
}

}  // namespace

TEST_CASE("a path is looked at once, without and with its link") {
  const auto directory = temp_directory();
  write(directory.path() / "f", "12345");
  std::filesystem::create_symlink("f", directory.path() / "link");
  std::filesystem::create_symlink("nowhere", directory.path() / "dangling");
  Snapshot files;
  const Look& file = files.look((directory.path() / "f").native());
  CHECK_FALSE(file.is_link());
  CHECK(file.info.st_size == 5);
  CHECK(file.link.st_ino == file.info.st_ino);
  const Look& link = files.look((directory.path() / "link").native());
  CHECK(link.is_link());
  CHECK(link.info.st_ino == file.info.st_ino);
  const Look& dangling = files.look((directory.path() / "dangling").native());
  CHECK(dangling.is_link());
  CHECK(dangling.error == ENOENT);
  CHECK(files.look((directory.path() / "absent").native()).link_error == ENOENT);
  CHECK(files.still_holds());
  write(directory.path() / "f", "1234567");
  CHECK(files.look((directory.path() / "f").native()).info.st_size == 5);
  CHECK_FALSE(files.still_holds());
}

TEST_CASE("whatever changes, the snapshot does not hold any more") {
  const std::vector<std::function<void(const sys::Path&)>> changes = {
      [](const sys::Path& at) { write(at / "d/a", "A"); },
      [](const sys::Path& at) { write(at / "d/c", ""); },
      [](const sys::Path& at) { REQUIRE(sys::remove_file(at / "d/b")); },
      [](const sys::Path& at) { REQUIRE(::chmod((at / "d/a").c_str(), 0600) == 0); },
      [](const sys::Path& at) { REQUIRE(sys::touch(at / "d/a", 1)); },
      [](const sys::Path& at) { std::filesystem::rename(at / "d", at / "e"); },
      [](const sys::Path& at) { write(at / "absent", ""); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    const auto directory = temp_directory();
    const sys::Path at = directory.path();
    REQUIRE(sys::make_directories(at / "d"));
    write(at / "d/a", "a");
    write(at / "d/b", "b");
    Snapshot files;
    files.look((at / "d").native());
    files.look((at / "absent").native());
    const Listing& listing = files.list((at / "d").native());
    REQUIRE(listing.entries.size() == 2);
    CHECK(listing.entries[1].name == "b");
    CHECK(files.still_holds());
    changes[i](at);
    CHECK_FALSE(files.still_holds());
  }
}

TEST_CASE("whatever leads to a path is told when it was changed or renamed") {
  struct Change {
    std::function<void(const sys::Path&)> make;
    bool is_told;       // of a directory below the busy one
    bool is_told_busy;  // where the directory itself is busy
  };
  const std::vector<Change> changes = {
      {[](const sys::Path&) {}, false, false},
      {[](const sys::Path& at) { write(at / "w/new", ""); }, true, false},
      {[](const sys::Path& at) { REQUIRE(sys::remove_file(at / "w/other")); }, true, false},
      {[](const sys::Path& at) {
         std::filesystem::rename(at / "w", at / "x");
         std::filesystem::rename(at / "x", at / "w");
       },
       true, true},
      {[](const sys::Path& at) {
         REQUIRE(sys::remove_file(at / "link"));
         std::filesystem::create_symlink("w", at / "link");
       },
       true, true},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    const auto directory = temp_directory();
    const sys::Path at = directory.path();
    REQUIRE(sys::make_directories(at / "w"));
    std::filesystem::create_symlink("w", at / "link");
    write(at / "w/f", "f");
    write(at / "w/other", "f");
    ::usleep(20'000);  // a tick of the file system's clock
    const UnixNanos before_ns = unix_now_ns() - 10'000'000;
    Snapshot files;
    files.look((at / "link/f").native());
    changes[i].make(at);
    CHECK(files.ways_changed_since(before_ns, {at.native()}).empty() != changes[i].is_told);
    CHECK(files.ways_changed_since(before_ns, {(at / "w").native()}).empty() !=
          changes[i].is_told_busy);
  }
}

TEST_CASE("links lead over links, and the last one too") {
  const auto directory = temp_directory();
  const sys::Path at = directory.path();
  for (const char* name : {"far/v1/f", "far/v2/f"}) {
    REQUIRE(sys::make_directories((at / name).parent_path()));
    write(at / name, name);
  }
  std::filesystem::create_symlink("v1", at / "far/mid");
  std::filesystem::create_symlink("far/mid", at / "cur");
  std::filesystem::create_symlink("far/../far/v1/f", at / "last");
  std::filesystem::create_symlink("loop", at / "loop");
  ::usleep(20'000);  // a tick of the file system's clock
  const UnixNanos before_ns = unix_now_ns() - 10'000'000;
  const auto told = [&](const sys::Path& path) {
    Snapshot files;
    files.look(path.native());
    return files.ways_changed_since(before_ns, {});
  };
  CHECK(told(at / "cur/f").empty());
  CHECK(told(at / "loop/f").empty());
  REQUIRE(sys::remove_file(at / "far/mid"));
  std::filesystem::create_symlink("v2", at / "far/mid");
  const std::string far = std::filesystem::canonical(at / "far").native();
  CHECK(told(at / "cur/f") == std::vector<std::string>{far, far + "/mid"});
  CHECK(told(at / "last") == std::vector<std::string>{far});
  CHECK(told(at / "last/beyond") == std::vector<std::string>{far});
}

TEST_CASE("what is no directory cannot be listed") {
  const auto directory = temp_directory();
  Snapshot files;
  CHECK_FALSE(files.list((directory.path() / "absent").native()).readable);
}

TEST_CASE("files that changed or came since a moment are told, and directories that lost some") {
  const auto directory = temp_directory();
  const std::string at = directory.path().native();
  for (const char* name : {"a", "b"}) write(directory.path() / name, name);
  const auto info = sys::stat_file(directory.path() / "b");
  REQUIRE(info);
  const UnixNanos later = (*info)->changed_ns + 1;
  REQUIRE(sys::remove_file(directory.path() / "a"));
  Snapshot files;
  files.look(at);
  files.look(at + "/a");
  files.list(at);
  CHECK_FALSE(files.files_changed_since(later));
  CHECK(files.files_changed_since((*info)->changed_ns));
  CHECK_FALSE(files.directories_changed_since((*info)->changed_ns).empty());
  Snapshot alone;
  alone.look(at + "/b");
  CHECK_FALSE(alone.files_changed_since(later));
  CHECK(alone.files_changed_since((*info)->changed_ns));
  CHECK(alone.directories_changed_since((*info)->changed_ns).empty());
}
