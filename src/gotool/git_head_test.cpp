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
  CHECK(commit_at_head(git).empty());
  write(git / "HEAD", k_first + "\n");
  CHECK(commit_at_head(git) == k_first);
  write(git / "HEAD", "ref: refs/heads/main\n");
  CHECK(commit_at_head(git).empty());  // unborn
  write(git / "packed-refs", "# pack-refs with: peeled fully-peeled sorted\n" + k_second +
                                 " refs/heads/main\n^" + k_first + "\n" + k_first +
                                 " refs/heads/main2\n");
  CHECK(commit_at_head(git) == k_second);
  write(git / "refs/heads/main", k_first + "\n");
  CHECK(commit_at_head(git) == k_first);
}

TEST_CASE("git's head: what is none") {
  const sys::TempDirectory at = temp_directory();
  const sys::Path git = at.path() / ".git";
  write(git / "refs/heads/main", "no commit\n");
  write(at.path() / "secret", k_first + "\n");
  for (const char* head : {"", "ref: ", "ref: refs/heads/main", "ref: refs/../../secret",
                           "ref: ../secret", "abc", "ref: refs/tables"}) {
    CAPTURE(head);
    write(git / "HEAD", head);
    CHECK(commit_at_head(git).empty());
  }
}

}  // namespace sluice::gotool
