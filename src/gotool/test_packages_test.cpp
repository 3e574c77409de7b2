#include "gotool/test_packages.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::gotool;

namespace {

TestPackage tested(std::string import_path) {
  TestPackage package;
  package.import_path = std::move(import_path);
  package.has_tests = true;
  return package;
}

}  // namespace

TEST_CASE("test packages: what go list says") {
  const auto packages = parse_test_packages(
      "{\n\t\"Dir\": \"/m/a\",\n\t\"ImportPath\": \"e.com/m/a\",\n\t\"Root\": \"/m\",\n"
      "\t\"TestGoFiles\": [\n\t\t\"a_test.go\"\n\t]\n}\n"
      "{\n\t\"Dir\": \"/m/b\",\n\t\"ImportPath\": \"e.com/m/b\",\n"
      "\t\"XTestGoFiles\": [\n\t\t\"b_test.go\"\n\t]\n}\n"
      "{\n\t\"Dir\": \"/m/c\",\n\t\"ImportPath\": \"e.com/m/c\"\n}\n"
      "{\n\t\"ImportPath\": \"./none\",\n\t\"Error\": {\n\t\t\"ImportStack\": [],\n"
      "\t\t\"Pos\": \"\",\n\t\t\"Err\": \"stat /m/none: directory not found\"\n\t}\n}\n");
  REQUIRE(packages);
  REQUIRE(packages->size() == 4);
  CHECK((*packages)[0].import_path == "e.com/m/a");
  CHECK((*packages)[0].directory == "/m/a");
  CHECK((*packages)[0].root == "/m");
  CHECK((*packages)[0].has_tests);
  CHECK((*packages)[1].has_tests);
  CHECK((*packages)[1].root.empty());
  CHECK_FALSE((*packages)[2].has_tests);
  CHECK((*packages)[2].error.empty());
  CHECK((*packages)[3].error == "stat /m/none: directory not found");
  CHECK(parse_test_packages("")->empty());
}

TEST_CASE("test packages: answers that are none") {
  for (const char* text : {"{", "{\n\"ImportPath\": \"a\"", "go: not found\n}\n", "{\n}\n",
                           "{\n\"ImportPath\": 1\n}\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_test_packages(text));
  }
}

TEST_CASE("test packages: what is asked of go") {
  const std::vector<std::string> words =
      list_words({"-race=true", "-vet=off", "-tags=x"}, {"./...", "./a"});
  CHECK(words ==
        std::vector<std::string>{"list", "-e", "-find",
                                 "-json=ImportPath,Dir,Root,TestGoFiles,XTestGoFiles,Error",
                                 "-race=true", "-tags=x", "--", "./...", "./a"});
}

TEST_CASE("test packages: the names of binaries") {
  CHECK(test_binary_name("example.com/m/util") == "util.test");
  CHECK(test_binary_name("example.com/m/v2") == "m.test");
  CHECK(test_binary_name("example.com/m/v1") == "v1.test");
  CHECK(test_binary_name("example.com/m/v02") == "v02.test");
  CHECK(test_binary_name("example.com/m/v2x") == "v2x.test");
  CHECK(test_binary_name("v2") == "v2.test");
  CHECK(test_binary_name("fmt") == "fmt.test");
}

TEST_CASE("test packages: no group has two binaries of one name") {
  std::vector<TestPackage> packages = {tested("m/a/util"), tested("m/b"), tested("m/b/util"),
                                       tested("m/c/util"), tested("m/d")};
  packages[1].has_tests = false;
  CHECK(groups_of_distinct_names(packages) ==
        std::vector<std::vector<std::size_t>>{{0, 4}, {2}, {3}});
  CHECK(groups_of_distinct_names({}).empty());
}
