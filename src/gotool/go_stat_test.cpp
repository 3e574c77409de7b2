#include "gotool/go_stat.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cerrno>

using namespace sluice;
using namespace sluice::gotool;

TEST_CASE("modes are go's") {
  CHECK(go_file_mode(S_IFREG | 0644U) == 0644U);
  CHECK(go_file_mode(S_IFDIR | 0755U) == (0x80000000U | 0755U));
  CHECK(go_file_mode(S_IFLNK | 0777U) == (0x08000000U | 0777U));
  CHECK(go_file_mode(S_IFREG | S_ISUID | S_ISGID | 0755U) == (0x00c00000U | 0755U));
  CHECK(go_file_mode(S_IFDIR | S_ISVTX | 0777U) == (0x80100000U | 0777U));
  CHECK(go_file_mode(S_IFCHR | 0600U) == (0x04200000U | 0600U));
  CHECK(go_file_mode(S_IFBLK | 0600U) == (0x04000000U | 0600U));
  CHECK(go_file_mode(S_IFIFO | 0600U) == (0x02000000U | 0600U));
  CHECK(go_file_mode(S_IFSOCK | 0600U) == (0x01000000U | 0600U));
}

TEST_CASE("times have the digits that they need") {
  // The zone is this process's; date and fraction are what is checked here, the rest by real go.
  constexpr UnixNanos k_second = 1'000'000'000;
  const UnixNanos noon = 1'700'000'000 * k_second;
  CHECK(go_time_text(noon).substr(0, 10) == "2023-11-14");
  CHECK(go_time_text(noon).substr(19, 1) == " ");
  CHECK(go_time_text(noon + 120'000'000).substr(19, 4) == ".12 ");
  CHECK(go_time_text(noon + 1).substr(19, 11) == ".000000001 ");
  CHECK(go_time_text(-1).substr(19, 11) == ".999999999 ");
}

TEST_CASE("errors have go's words, or none") {
  CHECK(go_error_text("stat", "/a b", ENOENT) == "err stat /a b: no such file or directory\n");
  CHECK(go_error_text("lstat", "/x", ENOTDIR) == "err lstat /x: not a directory\n");
  CHECK(go_error_text("open", "/x", EACCES) == "err open /x: permission denied\n");
  CHECK_FALSE(go_error_text("open", "/x", EIO));
}

TEST_CASE("names are listed in go's order") {
  const auto directory = temp_directory();
  for (const char* name : {"b", "a", "B", ".c"}) {
    REQUIRE(sys::write_file_atomic(directory.path() / name, {}));
  }
  const auto names = list_names(directory.path().native());
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{".c", "B", "a", "b"});
  CHECK(list_names((directory.path() / "absent").native()).error().code == Code::not_found);
}
