#include "gotool/snapshot.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

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

TEST_CASE("what is no directory cannot be listed") {
  const auto directory = temp_directory();
  Snapshot files;
  CHECK_FALSE(files.list((directory.path() / "absent").native()).readable);
}

TEST_CASE(
    "files that changed or came since a moment are told, directories that lost some are not") {
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
  CHECK_FALSE(files.changed_since(later));
  CHECK(files.changed_since((*info)->changed_ns));
  Snapshot alone;
  alone.look(at + "/b");
  CHECK_FALSE(alone.changed_since(later));
  CHECK(alone.changed_since((*info)->changed_ns));
}
