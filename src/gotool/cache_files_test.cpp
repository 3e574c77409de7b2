#include "gotool/cache_files.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

using namespace sluice;
using namespace sluice::gotool;
using namespace std::chrono_literals;

TEST_CASE("names are Go's") {
  CHECK(subdirectory_name("/c/", 0) == "/c/00");
  CHECK(subdirectory_name("/c/", 0xab) == "/c/ab");
  CHECK(entry_name("/c/", k_empty_blob.view(), 'd') ==
        "/c/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855-d");
}

TEST_CASE("temporary names are known again and hidden from go") {
  const std::string name = temp_name("/c/e3/x-d");
  CHECK(name.starts_with("/c/e3/"));
  CHECK_FALSE(name.ends_with("-a"));
  CHECK_FALSE(name.ends_with("-d"));
  CHECK(temp_name("/c/e3/x-d") != name);
  CHECK(temp_writer(name.substr(6)) == getpid());
  CHECK_FALSE(temp_writer("sluice-x.tmp"));
  CHECK_FALSE(temp_writer("sluice-.tmp"));
  CHECK_FALSE(temp_writer("notes.tmp"));
  CHECK_FALSE(temp_writer("sluice-12-1-1"));
}

TEST_CASE("bytes are published whole, over a file and over a directory") {
  const auto directory = temp_directory();
  const std::string target = (directory.path() / "x-d").native();
  REQUIRE(publish_bytes(target, bytes_of("one")));
  REQUIRE(publish_bytes(target, bytes_of("two")));
  CHECK(content_of(target) == "two");
  CHECK(file_matches(target, blob_of("two")));
  CHECK_FALSE(file_matches(target, blob_of("one")));
  CHECK_FALSE(file_matches(target + "x", blob_of("one")));
  REQUIRE(sys::remove_file(target));
  REQUIRE(sys::make_directories(target + "/sub"));
  REQUIRE(publish_bytes(target, bytes_of("three")));
  CHECK(content_of(target) == "three");
  CHECK(files_below(directory.path()).size() == 1);
}

TEST_CASE("a publication that fails leaves no temporary file") {
  const auto directory = temp_directory();
  REQUIRE(sys::write_file_atomic(directory.path() / "file", bytes_of("x")));
  CHECK_FALSE(publish_bytes((directory.path() / "file" / "x-d").native(), bytes_of("one")));
  auto temp = create_temp((directory.path() / "y-d").native());
  REQUIRE(temp);
  CHECK_FALSE(publish_temp(std::move(*temp), (directory.path() / "file" / "y-d").native()));
  CHECK(files_below(directory.path()).size() == 1);
}

TEST_CASE("an entry is made, and written over as a whole") {
  const auto directory = temp_directory();
  const std::string target = (directory.path() / "x-a").native();
  REQUIRE(publish_entry(target, "a longer text"));
  CHECK(content_of(target) == "a longer text");
  const auto inode = sys::stat_file(target).value()->inode;
  REQUIRE(publish_entry(target, "short"));
  CHECK(content_of(target) == "short");
  CHECK(sys::stat_file(target).value()->inode == inode);
  CHECK(files_below(directory.path()).size() == 1);
}

TEST_CASE("an entry takes the place of what cannot be written into") {
  const auto directory = temp_directory();
  const std::string target = (directory.path() / "x-a").native();
  REQUIRE(sys::make_directories(target + "/sub"));
  REQUIRE(publish_entry(target, "text"));
  CHECK(content_of(target) == "text");
  const std::string lost = (directory.path() / "gone" / "y-a").native();
  REQUIRE(publish_entry(lost, "text"));
  CHECK(content_of(lost) == "text");
}

TEST_CASE("a temporary file with a name is published and discarded too") {
  const auto directory = temp_directory();
  const std::string target = (directory.path() / "x-d").native();
  const auto named = [&] {
    TempFile temp{.fd = {}, .name = temp_name(target)};
    temp.fd.reset(open(temp.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    REQUIRE(temp.fd);
    REQUIRE(sys::write_all(temp.fd.get(), bytes_of("named")));
    return temp;
  };
  REQUIRE(publish_temp(named(), target));
  CHECK(content_of(target) == "named");
  CHECK_FALSE(publish_temp(named(), (directory.path() / "none" / "x-d").native()));
  TempFile dropped = named();
  discard_temp(dropped);
  CHECK(files_below(directory.path()).size() == 1);
}

TEST_CASE("one file in a directory, and marks of use") {
  const auto directory = temp_directory();
  const std::string name = directory.path().native();
  CHECK_FALSE(only_file_in(name));
  REQUIRE(sys::write_file_atomic(directory.path() / "tool", bytes_of("x")));
  CHECK(only_file_in(name) == name + "/tool");
  REQUIRE(sys::write_file_atomic(directory.path() / "other", bytes_of("x")));
  CHECK_FALSE(only_file_in(name));
  CHECK_FALSE(only_file_in(name + "/tool"));

  const std::string tool = name + "/tool";
  set_age(tool, 2h);
  const auto info = stat_name(tool).value();
  REQUIRE(info);
  CHECK(info->size == 1);
  CHECK(info->is_regular);
  mark_used(tool, unix_now_ns());
  CHECK(age_of(tool) > 1h);
  mark_used(tool, info->mtime_ns);
  CHECK(age_of(tool) < 1min);
  CHECK_FALSE(stat_name(name + "/none").value());
}
