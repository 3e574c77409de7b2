#include "gotool/test_packages.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::gotool;

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
  CHECK((*packages)[0].files == std::vector<std::string>{"a_test.go"});
  CHECK((*packages)[0].has_tests);
  CHECK((*packages)[1].has_tests);
  CHECK((*packages)[1].root.empty());
  CHECK_FALSE((*packages)[2].has_tests);
  CHECK_FALSE((*packages)[3].has_tests);
  CHECK(((*packages)[0].is_vetted_inside && !(*packages)[0].is_vetted_outside));
  CHECK((!(*packages)[1].is_vetted_inside && (*packages)[1].is_vetted_outside));
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
      list_words({"-race=true", "-vet=off", "-covermode=set", "-tags=x"}, {"./...", "./a"});
  CHECK(words ==
        std::vector<std::string>{"list", "-e", "-find",
                                 "-json=ImportPath,Dir,Root,Error,GoFiles,CgoFiles,TestGoFiles,"
                                 "XTestGoFiles,IgnoredGoFiles,IgnoredOtherFiles,CFiles,HFiles,"
                                 "SFiles",
                                 "-race=true", "-tags=x", "--", "./...", "./a"});
}
