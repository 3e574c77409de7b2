#include "gotool/git_head.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

const std::string k_first(40, 'a');
const std::string k_second(64, 'b');

void write(const sys::Path& file, std::string_view text) {
  REQUIRE(sys::make_directories(file.parent_path()));
  REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
}

}  // namespace

TEST_CASE("git's head: detached, loose and packed; the loose one counts") {
  const sys::TempDirectory at = temp_directory();
  const sys::Path git = at.path() / ".git";
  CHECK_FALSE(git_head(git));
  write(git / "HEAD", k_first + "\n");
  CHECK(git_head(git)->commit == k_first);
  CHECK(git_head(git)->ref.empty());
  write(git / "HEAD", "ref: refs/heads/main\n");
  CHECK(git_head(git)->commit.empty());  // unborn
  CHECK(git_head(git)->ref == "refs/heads/main");
  write(git / "packed-refs", "# pack-refs with: peeled fully-peeled sorted\n" + k_second +
                                 " refs/heads/main\n^" + k_first + "\n" + k_first +
                                 " refs/heads/main2\n");
  CHECK(git_head(git)->commit == k_second);
  write(git / "refs/heads/main", k_first + "\n");
  CHECK(git_head(git)->commit == k_first);
}

TEST_CASE("git's head: a branch that is another one's name") {
  const sys::TempDirectory at = temp_directory();
  const sys::Path git = at.path() / ".git";
  write(git / "HEAD", "ref: refs/heads/cur\n");
  write(git / "refs/heads/cur", "ref: refs/heads/main\n");
  write(git / "refs/heads/main", k_first + "\n");
  CHECK(git_head(git)->commit == k_first);
  CHECK(git_head(git)->ref == "refs/heads/cur");
  write(git / "refs/heads/main", "ref: refs/heads/cur\n");
  CHECK_FALSE(git_head(git));
}

TEST_CASE("git's head: what is none") {
  const sys::TempDirectory at = temp_directory();
  const sys::Path git = at.path() / ".git";
  write(git / "refs/heads/main", "no commit\n");
  write(at.path() / "secret", k_first + "\n");
  for (const char* head : {"", "ref: ", "ref: refs/heads/main", "ref: refs/../../secret",
                           "ref: ../secret", "abc", "ref: refs/heads/.invalid"}) {
    CAPTURE(head);
    write(git / "HEAD", head);
    CHECK_FALSE(git_head(git));
  }
}

}  // namespace sluice::gotool
