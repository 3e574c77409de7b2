#include "gotool/test_result.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {

TEST_CASE("test result: the key of a program and its arguments is go's") {
  // As Go 1.27.4 says it (GODEBUG=gocachetest=1).
  CHECK(test_id("go1.27.4", "1zqU_BL86kfyqGyNgdZ1", {"-test.timeout=10m0s"}).hex() ==
        "1f876d00394eb747c98f6118064429dc5882a3c53b35dde9e46d37e37e5fe3ed");
  CHECK(
      test_id("go1.27.4", "a", {"-test.run=X", "-test.coverprofile=/x/c", "-test.outputdir=/x"}) ==
      test_id("go1.27.4", "a", {"-test.run=X"}));
  CHECK(test_id("go1.27.4", "a", {"-test.run=X"}) != test_id("go1.26.8", "a", {"-test.run=X"}));
}

TEST_CASE("test result: what was kept says that it is") {
  CHECK(cached_output("ok  \tex.com/p\t0.012s\n") == "ok  \tex.com/p\t(cached)\n");
  CHECK(cached_output("=== RUN   T\nPASS\nok  \tex.com/p\t1.5s\tcoverage: 50.0% of statements\n") ==
        "=== RUN   T\nPASS\nok  \tex.com/p\t(cached)\tcoverage: 50.0% of statements\n");
  CHECK(cached_output("ok  \tex.com/p\t0.01s [no tests to run]\n") ==
        "ok  \tex.com/p\t(cached) [no tests to run]\n");
  for (const std::string_view other : {"", "\n", "ok  \tex.com/p\t0.012s", "FAIL\tex.com/p\t0.1s\n",
                                       "ok  \tex.com/p 0.012s\n", "ok  \tex.com/p\t1s\nmore\n"}) {
    INFO(other);
    CHECK_FALSE(cached_output(other).has_value());
  }
}

TEST_CASE("test result: the line of a package that passed") {
  CHECK(passed_line("ex.com/p", 0.0124, "PASS\n") == "ok  \tex.com/p\t0.012s\n");
  CHECK(passed_line("ex.com/p", 12, "") == "ok  \tex.com/p\t12.000s\n");
  CHECK(passed_line("ex.com/p", 0, "PASS") == "\nok  \tex.com/p\t0.000s\n");
  constexpr std::string_view k_covered = "PASS\ncoverage: 50.0% of statements in ./...\n";
  CHECK(passed_line("m", 0, k_covered, true) ==
        "ok  \tm\t0.000s\tcoverage: 50.0% of statements in ./...\n");
  CHECK(passed_line("m", 0, k_covered) == "ok  \tm\t0.000s\n");
  CHECK(passed_line("m", 0, "coverage: no end", true) == "\nok  \tm\t0.000s\n");
  constexpr std::string_view k_none = "testing: warning: no tests to run\nPASS\n";
  CHECK(passed_line("ex.com/p", 0, k_none) == "ok  \tex.com/p\t0.000s [no tests to run]\n");
  CHECK(passed_line("ex.com/p", 0, std::string("x") + std::string(k_none)) ==
        "ok  \tex.com/p\t0.000s\n");
}

TEST_CASE("test result: go clean -testcache leaves a moment") {
  const auto made = sys::TempDirectory::create("expire");
  CHECK(results_expire_ns(made->path()) == 0);
  const auto write = [&](std::string_view text) {
    REQUIRE(sys::write_file_atomic(made->path() / "testexpire.txt", bytes_of(text)));
    return results_expire_ns(made->path());
  };
  CHECK(write("1795860904359230272\n") == 1795860904359230272);
  CHECK(write("1795860904359230272") == 0);
  CHECK(write("soon\n") == 0);
}

}  // namespace sluice::gotool
