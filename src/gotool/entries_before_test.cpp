#include "gotool/entries_before.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

#include <functional>
#include <utility>
#include <vector>

namespace sluice::gotool {
namespace {

void write(const sys::Path& file, std::string_view text) {
  REQUIRE(sys::make_directories(file.parent_path()));
  REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
}

struct Package {
  sys::TempDirectory directory = temp_directory();
  sys::Path path = directory.path();
  Package() {
    write(path / "a_test.go", "a");
    write(path / "sub/b.go", "b");
    write(path / "testdata/one/file", "1");
    write(path / "testdata/two/file", "2");
    std::filesystem::create_symlink("one", path / "testdata/link");
  }
};

}  // namespace

TEST_CASE("entries before: what changed in a directory, seen from the one before") {
  struct Change {
    std::function<void(const sys::Path&)> make;
    bool has_kept;  // testdata
    bool may_gain;  // likewise, where it may
  };
  const std::vector<Change> changes = {
      {[](const sys::Path&) {}, true, true},
      {[](const sys::Path& at) {
         write(at / "own", "x");
         REQUIRE(sys::remove_file(at / "own"));
       },
       true, true},
      {[](const sys::Path& at) { write(at / "own", "x"); }, false, true},
      {[](const sys::Path& at) { write(at / "one/own", "x"); }, false, false},
      {[](const sys::Path& at) { REQUIRE(::chmod(at.c_str(), 0700) == 0); }, false, false},
      {[](const sys::Path& at) {
         for (const auto& [from, to] : {std::pair("one", "x"), {"two", "one"}, {"x", "two"}}) {
           std::filesystem::rename(at / from, at / to);
         }
         for (const auto& [from, to] : {std::pair("one", "x"), {"two", "one"}, {"x", "two"}}) {
           std::filesystem::rename(at / from, at / to);
         }
         write(at / "one/own", "x");
       },
       false, false},
      {[](const sys::Path& at) { REQUIRE(sys::remove_file(at / "link")); }, false, false},
      {[](const sys::Path& at) {
         REQUIRE(sys::remove_file(at / "link"));
         std::filesystem::create_symlink("two", at / "link");
       },
       false, false},
      {[](const sys::Path& at) {
         std::filesystem::rename(at / "one", at / "three");
         std::filesystem::rename(at / "two", at / "one");
         std::filesystem::rename(at / "three", at / "two");
       },
       false, false},
      {[](const sys::Path& at) {
         std::filesystem::rename(at, at.native() + ".old");
         std::filesystem::copy(at.native() + ".old", at,
                               std::filesystem::copy_options::recursive |
                                   std::filesystem::copy_options::copy_symlinks);
       },
       false, false},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    const Package package;
    const auto listed = EntriesBefore::of_package(package.path, package.path);
    REQUIRE(listed);
    const auto before = EntriesBefore::decode(listed->encode());
    REQUIRE(before);
    changes[i].make(package.path / "testdata");
    const std::string testdata = (package.path / "testdata").native();
    CHECK(before->has_kept(testdata, false) == changes[i].has_kept);
    CHECK(before->has_kept(testdata, true) == changes[i].may_gain);
  }
}

TEST_CASE("entries before: also of what the package lies in, by whatever way") {
  const Package package;
  const sys::Path deep = package.path / "testdata/one";
  std::filesystem::create_symlink(package.path, package.path.native() + ".link");
  const sys::Path link = package.path.native() + ".link";
  const auto before = EntriesBefore::of_package(link / "testdata/one", link);
  std::filesystem::remove(link);
  REQUIRE(before);
  for (const sys::Path& known : {deep, deep.parent_path(), package.path}) {
    CHECK(before->has_kept(known.native(), false));
  }
  CHECK_FALSE(before->has_kept((package.path / "sub").native(), true));
  CHECK_FALSE(before->has_kept(package.path.parent_path().native(), true));
  REQUIRE(sys::remove_file(package.path / "a_test.go"));
  CHECK_FALSE(before->has_kept(package.path.native(), true));
  CHECK(before->has_kept(deep.native(), false));
}

TEST_CASE("entries before: all that lies in a package's directory, and of too much its testdata") {
  const Package package;
  const auto before = EntriesBefore::of_package(package.path, package.path);
  REQUIRE(before);
  CHECK(before->has_kept(package.path.native(), false));
  CHECK(before->has_kept((package.path / "testdata/one").native(), false));
  CHECK(before->has_kept((package.path / "sub").native(), true));
  CHECK_FALSE(before->has_kept("/", true));
  CHECK_FALSE(EntriesBefore::of_package(package.path / "none", package.path));
  for (std::size_t i = 0; i < k_entries_before_max; ++i) {
    write(package.path / fmt::format("sub/many/{}", i), "");
  }
  const auto less = EntriesBefore::of_package(package.path, package.path);
  REQUIRE(less);
  CHECK(less->has_kept((package.path / "testdata/one").native(), false));
  CHECK_FALSE(less->has_kept((package.path / "sub").native(), true));
  for (std::size_t i = 0; i < k_entries_before_max; ++i) {
    write(package.path / fmt::format("testdata/many/{}", i), "");
  }
  CHECK(EntriesBefore::of_package(package.path, package.path).error().code == Code::exhausted);
}

TEST_CASE("entries before: what was not there yet") {
  const Package package;
  const std::string path = std::filesystem::canonical(package.path).native();
  const auto before = EntriesBefore::of_package(package.path, package.path);
  REQUIRE(before);
  const auto absent = [&](const std::string& name) {
    return before->absent_part(path + "/" + name, path).value_or("");
  };
  CHECK(absent("out") == path + "/out");
  CHECK(absent("out/a/b") == path + "/out");
  CHECK(absent("testdata/one/out/a") == path + "/testdata/one/out");
  CHECK(absent("testdata/one").empty());  // there
  CHECK(absent("sub/out").empty());       // perhaps another package's
  CHECK(absent("testdata/link/out").empty());
  CHECK(absent("out/../a").empty());
  CHECK(absent("./out").empty());
  CHECK(absent("out/").empty());
  CHECK_FALSE(before->absent_part("/out", path));
  CHECK_FALSE(before->absent_part(path, path));
  const std::string testdata = path + "/testdata";
  std::filesystem::create_directory(testdata + "/out");
  CHECK_FALSE(before->has_kept(testdata, false));
  CHECK_FALSE(before->has_kept(testdata, false, {testdata + "/other"}));
  CHECK(before->has_kept(testdata, false, {testdata + "/out"}));
}

TEST_CASE("entries before: a link is the one that was there, whatever it leads to") {
  const Package package;
  const std::string testdata = (package.path / "testdata").native();
  std::filesystem::create_directory_symlink("one", testdata + "/to");
  const auto before = EntriesBefore::of_package(package.path, package.path);
  REQUIRE(before);
  CHECK(before->has_kept(testdata + "/to", true));
  std::filesystem::create_directory_symlink("one", testdata + "/new");
  CHECK_FALSE(before->has_kept(testdata + "/new", true));
  std::filesystem::remove(testdata + "/to");
  std::filesystem::create_directory_symlink("one", testdata + "/to");
  CHECK_FALSE(before->has_kept(testdata + "/to", true));
  std::filesystem::create_directory_symlink("testdata/one", package.path / "sub/link");
  CHECK_FALSE(before->has_kept((package.path / "sub/link").native(), true));
}

TEST_CASE("entries before: a directory of directories") {
  const Package package;
  const sys::Path made = package.path / "made";
  std::filesystem::create_directories(made / "a/b");
  CHECK(has_only_held_directories(made));
  CHECK_FALSE(has_only_held_directories(package.path / "none"));
  write(made / "a/b/file", "");
  CHECK_FALSE(has_only_held_directories(made));
  // Not there any more, and it was, a while after the directory was made.
  std::filesystem::remove(made / "a/b/file");
  const auto later = std::filesystem::file_time_type::clock::now() + std::chrono::seconds(1);
  std::filesystem::last_write_time(made / "a/b", later);
  CHECK_FALSE(has_only_held_directories(made));
  std::filesystem::remove_all(made);
  std::filesystem::create_directories(made / "a/b");
  CHECK(has_only_held_directories(made));
  std::filesystem::create_directory_symlink("b", made / "a/link");
  CHECK_FALSE(has_only_held_directories(made));
}

TEST_CASE("entries before: what is none is refused") {
  const Package package;
  const Bytes good = EntriesBefore::of_package(package.path, package.path)->encode();
  for (std::size_t size : {std::size_t{0}, std::size_t{5}, good.size() - 1}) {
    CHECK(EntriesBefore::decode(ByteView(good).first(size)).error().code == Code::corrupt);
  }
}

}  // namespace sluice::gotool
