#include "gotool/toolchain.hpp"

#include <doctest/doctest.h>

using namespace sluice::gotool;

TEST_CASE("the words after go") {
  CHECK(parse_go_words({"build", "./..."}).subcommand == "build");
  CHECK(parse_go_words({"build", "./..."}).is_work);
  CHECK_FALSE(parse_go_words({"build"}).wants_executables);
  for (const char* word :
       {"test", "vet", "install", "list", "generate", "run", "tool", "fix", "new"}) {
    CAPTURE(word);
    CHECK(parse_go_words({word}).is_work);
  }
  for (const char* word : {"version", "env", "help", "fmt", "mod", "work", "get", "clean", "doc"}) {
    CAPTURE(word);
    CHECK_FALSE(parse_go_words({word}).is_work);
  }
  CHECK(parse_go_words({"run", "."}).wants_executables);
  CHECK(parse_go_words({"tool", "stringer"}).wants_executables);
}

TEST_CASE("which commands fetch modules that no go.sum names") {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"get", "x"},
                                             {"install", "x@v1"},
                                             {"run", "x@v1"},
                                             {"mod", "download"},
                                             {"mod", "tidy", "-C", "sub"}}) {
    CHECK(parse_go_words(words).fetches_modules);
  }
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"build"}, {"test", "./..."}, {"mod"}, {"mod", "edit"}, {"mod", "-h"}, {}}) {
    CHECK_FALSE(parse_go_words(words).fetches_modules);
  }
}

TEST_CASE("-C is found where go takes it") {
  CHECK(parse_go_words({"-C", "sub", "build"}).change_directory == "sub");
  CHECK(parse_go_words({"-C", "sub", "build"}).subcommand == "build");
  CHECK(parse_go_words({"-C=sub", "build"}).subcommand == "build");
  CHECK(parse_go_words({"build", "-C", "sub", "./..."}).change_directory == "sub");
  CHECK(parse_go_words({"test", "--C=sub"}).change_directory == "sub");
  CHECK(parse_go_words({"mod", "tidy", "-C", "sub"}).change_directory == "sub");
  CHECK(parse_go_words({"build", "-v", "-C", "sub"}).change_directory == "");
}

TEST_CASE("no sub-command is no work") {
  CHECK_FALSE(parse_go_words({}).is_work);
  CHECK_FALSE(parse_go_words({"-h"}).is_work);
  CHECK_FALSE(parse_go_words({"-C"}).is_work);
  CHECK_FALSE(parse_go_words({"-C", "dir"}).is_work);
  CHECK_FALSE(parse_go_words({""}).is_work);
}
