#include "cli/job.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("job: files that are left, and how they are told") {
  const auto directory = sys::TempDirectory::create("job");
  CHECK(files_left_in(directory->path()).files == 0);
  CHECK(files_left_in(directory->path() / "nowhere").files == 0);
  REQUIRE(sys::make_directories(directory->path() / "a" / "empty"));
  REQUIRE(sys::write_file_atomic(directory->path() / "a" / "one", bytes_of("12345")));
  const LeftFiles left = files_left_in(directory->path());
  CHECK(left.files == 1);
  CHECK(left.bytes == 5);
  CHECK(left.names == std::vector<std::string>{"a/one"});
  const auto lines = leak_lines(
      {{17, "/s", "server --port 0", {"127.0.0.1:8080"}}, {18, {}, "x", {}}}, left, {"/tmp/new"});
  CHECK(lines == std::vector<std::string>{
                     "job: left running, ended now: process 17 (server --port 0), listening on "
                     "127.0.0.1:8080",
                     "job: left running, ended now: process 18 (x)",
                     "job: left in TMPDIR, removed now: 1 file, 5 B (a/one)",
                     "job: new in shared directories, left there: /tmp/new"});
  CHECK(leak_lines({}, {}, {}).empty());
}

TEST_CASE("job: what is new in shared directories, without what is sluice's own") {
  const auto directory = sys::TempDirectory::create("job");
  const sys::Path top = directory->path();
  REQUIRE(sys::write_file_atomic(top / "old", {}));
  const SharedTemporary shared({top, top / "nowhere"});
  CHECK(shared.appeared({}).empty());
  REQUIRE(sys::write_file_atomic(top / "new", {}));
  REQUIRE(sys::make_directories(top / "sluice" / "run"));
  const std::vector<std::string> both = {(top / "new").native(), (top / "sluice").native()};
  CHECK(shared.appeared({}) == both);
  CHECK(shared.appeared({top / "sluice" / "run"}) == std::vector<std::string>{both.front()});
  CHECK(leak_lines({}, {}, std::vector<std::string>(9, "x")).front().ends_with(", …"));
}

TEST_CASE("job: of many files the first few are named") {
  const auto directory = sys::TempDirectory::create("job");
  for (int i = 0; i < 9; ++i) {
    REQUIRE(sys::write_file_atomic(directory->path() / std::to_string(i), {}));
  }
  const LeftFiles left = files_left_in(directory->path());
  CHECK(left.files == 9);
  CHECK(left.names.size() == 5);
  CHECK(leak_lines({}, left, {}).front().ends_with(", …)"));
}

}  // namespace sluice::cli
