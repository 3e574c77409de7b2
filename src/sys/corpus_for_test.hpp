// Where the files of tests/corpus lie, for unit tests.
#pragma once

#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

namespace sluice::sys {

// `test_file`: the __FILE__ of a test in a room; a compiler cache may have made it relative to the
// build directory.
inline Path corpus_beside(const char* test_file) {
  const auto executable = own_executable();
  REQUIRE(executable);
  return (executable->parent_path() / test_file).parent_path() / "../../tests/corpus";
}

}  // namespace sluice::sys
