#include "gotool/content_times.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace sluice;
using namespace sluice::gotool;

TEST_CASE("what git tracks is parsed, without submodules, conflicts and git's own") {
  using std::string_view_literals::operator""sv;
  const auto files = parse_tracked(
      "100644 aa 0\tplain\0"
      "100755 bb 0\tdir/with blank\0"
      "120000 cc 0\tlink\0"
      "160000 dd 0\tsubmodule\0"
      "100644 ee 2\tconflict\0"
      "100644 ff 0\t.git/config\0"
      "100644 ff 0\tdir/.git/config\0"
      "100644 ff 0\t/absolute\0"
      "broken\0"
      "100644 0\tshort\0"sv);
  REQUIRE(files.size() == 3);
  CHECK(files[0].path == "plain");
  CHECK(files[0].object == "aa");
  CHECK(files[1].path == "dir/with blank");
  CHECK(files[2].is_link);
  CHECK(parse_names("a\0b c\0"sv) == std::vector<std::string>{"a", "b c"});
  CHECK(parse_names("").empty());
}

TEST_CASE("a time is of its content, in the past, and to the nanosecond") {
  CHECK(content_time("aa") == content_time("aa"));
  std::set<UnixNanos> seen;
  for (int i = 0; i < 10'000; ++i) {
    const UnixNanos time = content_time(std::to_string(i));
    CHECK(time >= UnixNanos{315'532'800} * 1'000'000'000);
    CHECK(time < UnixNanos{1'700'000'000} * 1'000'000'000);
    seen.insert(time);
  }
  CHECK(seen.size() == 10'000);
}

TEST_CASE("a directory's time is of its names and types") {
  const std::vector<TrackedFile> files = {{"a/b/f", "1", false}, {"a/g", "2", false}};
  const auto times = directory_times(files, {});
  REQUIRE(times.size() == 3);
  CHECK(times.contains(""));
  CHECK(times.contains("a"));
  CHECK(times.contains("a/b"));

  auto changed = files;
  changed[0].object = "3";
  CHECK(directory_times(changed, {}) == times);
  changed[0].is_link = true;
  CHECK(directory_times(changed, {}).at("a/b") != times.at("a/b"));
  CHECK(directory_times(changed, {}).at("a") == times.at("a"));
  changed.push_back({"a/h", "4", false});
  CHECK(directory_times(changed, {}).at("a") != times.at("a"));

  const auto left = directory_times(files, {"a/b/new", "other/"});
  CHECK(left.size() == 1);
  CHECK(left.contains("a"));
}
