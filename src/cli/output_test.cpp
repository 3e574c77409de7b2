#include "cli/output.hpp"

#include "base/bytes.hpp"
#include "sys/fd.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>

namespace sluice::cli {

TEST_CASE("text is broken at blanks, words are never cut") {
  CHECK(wrapped("one two three", 7, 0) == "one two\nthree\n");
  CHECK(wrapped("one two", 80, 4) == "    one two\n");
  CHECK(wrapped("first\n\nsecond", 80, 2) == "  first\n\n  second\n");
  CHECK(wrapped("incomprehensibilities a", 5, 0) == "incomprehensibilities\na\n");
  CHECK(wrapped("a  b", 80, 0) == "a b\n");
}

TEST_CASE("private keys in a message are not shown, whole or cut") {
  const std::string key = "MC4CAQAwBQYDK2VwBCIEIBDV+zp7+yqoxQwRYnbyYc1hcs3zEA+yW0vCK1KKzqss";
  CHECK(without_private_keys("f: " + key + ": no file") == "f: (a private key): no file");
  CHECK(without_private_keys(key.substr(0, 40) + " " + key) == "(a private key) (a private key)");
  CHECK(without_private_keys("a key MC4C of nobody") == "a key MC4C of nobody");
}

TEST_CASE("colour is for terminals only") {
  sys::Environment env;
  env.set("TERM", "xterm");
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const sys::Fd reader(ends[0]);
  const sys::Fd writer(ends[1]);
  CHECK_FALSE(use_colour(writer.get(), env));
  env.set("NO_COLOR", "1");
  CHECK_FALSE(use_colour(STDERR_FILENO, env));
}

TEST_CASE("the command's own failure is not covered by a lost output") {
  CHECK(exit_code_after_output(0) == 0);
  CHECK(exit_code_after_output(k_exit_usage) == k_exit_usage);
}

TEST_CASE("what the user can mend is exit 2, the rest exit 1") {
  CHECK(report(Error{Code::invalid, "test: this line belongs to a test"}) == k_exit_usage);
  CHECK(report(Error{Code::io, "test: this line belongs to a test"}) == k_exit_failure);
}

}  // namespace sluice::cli
