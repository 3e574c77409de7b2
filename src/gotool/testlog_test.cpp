#include "gotool/testlog.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::gotool;

namespace {

constexpr std::string_view k_head = "# test log\n";

std::optional<std::vector<TestInput>> inputs(std::string_view lines, const PackagePlace& place) {
  const std::string log = std::string(k_head) + std::string(lines);
  return test_inputs(bytes_of(log), place);
}

}  // namespace

TEST_CASE("names are joined as go joins them, and what lies outside the module is left out") {
  const PackagePlace place{"/m/p/q", "/m"};
  const auto list = inputs(
      "getenv HOME\n\nopen testdata/a b\nstat ../x/./y\nopen ../../../etc/passwd\nopen /etc/hosts\n"
      "open /m/./z\nchdir /m/other\nopen f\nchdir /nowhere\nopen g\nstat /m\nopen /mm/f\n",
      place);
  REQUIRE(list);
  std::vector<std::string> seen;
  for (const TestInput& input : *list) {
    seen.push_back(std::string(name_of(input.op)) + " " + input.path + " = " + input.name);
  }
  CHECK(seen == std::vector<std::string>{
                    "getenv HOME = HOME", "open /m/p/q/testdata/a b = p/q/testdata/a b",
                    "stat /m/p/x/y = p/x/y", "open /m/./z = z", "chdir /m/other = other",
                    "open /m/other/f = other/f", "chdir /nowhere = /nowhere", "stat /m = ."});
}

TEST_CASE("a name is inside also through symbolic links, as for go") {
  const auto directory = temp_directory();
  const sys::Path real = directory.path() / "real";
  REQUIRE(sys::make_directories(real / "p"));
  REQUIRE(sys::write_file_atomic(real / "p/f", bytes_of("x")));
  std::filesystem::create_symlink(real, directory.path() / "named");
  const std::string line = "open " + (real / "p/f").native() + "\n";
  const auto list = inputs(line, {directory.path() / "named/p", directory.path() / "named"});
  REQUIRE(list);
  REQUIRE(list->size() == 1);
  CHECK(list->front().path == (real / "p/f").native());
  CHECK(list->front().name == "p/f");
}

TEST_CASE("a log that go would not read is none") {
  const PackagePlace place{"/m", "/m"};
  CHECK_FALSE(inputs("open\n", place));
  CHECK_FALSE(inputs("read x\n", place));
  CHECK_FALSE(inputs("open x", place));
  CHECK_FALSE(test_inputs(bytes_of("open x\n"), place));
  CHECK_FALSE(test_inputs({}, place));
  CHECK(inputs("", place)->empty());
}
