#include "gotool/ways.hpp"

#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

namespace sluice::gotool {

TEST_CASE("ways: links are followed as the system does, and what is met is kept") {
  const auto made = sys::TempDirectory::create("ways");
  const sys::Path top = std::filesystem::canonical(made->path());
  REQUIRE(sys::make_directories(top / "a" / "b"));
  REQUIRE(sys::write_file_atomic(top / "a" / "b" / "file", {}));
  std::filesystem::create_symlink("a/b", top / "near");
  std::filesystem::create_symlink(top / "near" / "file", top / "far");
  std::filesystem::create_symlink("loop", top / "loop");
  std::filesystem::create_symlink("gone", top / "broken");
  Ways ways;
  for (const char* path : {"a", "a/b", "a/b/file", "near", "near/file", "far", "near/..",
                           "a/../a/b", "loop", "broken", "gone", "a/b/file/x"}) {
    INFO(path);
    const sys::Path asked = top / path;
    std::error_code error;
    const sys::Path expected = std::filesystem::canonical(asked, error);
    CHECK(ways.follow(asked.native()) == (error ? "" : expected.native()));
  }
  CHECK(ways.follow("/") == "/");
  for (const char* path : {"a", "a/b", "near", "far"}) CHECK(ways.met().contains(top / path));
  CHECK(!ways.met().contains(top / "a/b/file"));
}

TEST_CASE("ways: a link that leads through 40 others is one too many") {
  const auto made = sys::TempDirectory::create("ways");
  const sys::Path top = std::filesystem::canonical(made->path());
  REQUIRE(sys::write_file_atomic(top / "0", {}));
  for (int i = 1; i <= 41; ++i) {
    std::filesystem::create_symlink(std::to_string(i - 1), top / std::to_string(i));
  }
  CHECK(Ways().follow(top / "40") == top / "0");
  CHECK(Ways().follow(top / "41").empty());
  std::error_code error;
  CHECK(std::filesystem::exists(top / "40", error));
  CHECK(!std::filesystem::exists(top / "41", error));
}

}  // namespace sluice::gotool
