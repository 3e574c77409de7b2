#include "base/result.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>

using namespace sluice;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Code::invalid, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  TRY_ASSIGN(const int once, half(number));
  TRY_ASSIGN(const int twice, half(once));
  return twice;
}

Result<void> check_even(int number) {
  TRY(half(number));
  return {};
}

Result<std::unique_ptr<int>> boxed(int number) {
  TRY(check_even(number));
  return std::make_unique<int>(number);
}

Result<int> unboxed(int number) {
  TRY_ASSIGN(std::unique_ptr<int> box, boxed(number));
  return *box;
}

}  // namespace

TEST_CASE("TRY_ASSIGN gives the value or returns the error") {
  CHECK(quarter(12).value() == 3);
  REQUIRE_FALSE(quarter(6));
  CHECK(quarter(6).error().message == "odd");
  CHECK(quarter(6).error().code == Code::invalid);
}

TEST_CASE("TRY returns the error and drops the value") {
  CHECK(check_even(2));
  CHECK_FALSE(check_even(3));
}

TEST_CASE("values that can only be moved pass through") {
  CHECK(unboxed(4).value() == 4);
  CHECK_FALSE(unboxed(5));
}

TEST_CASE("context is prepended") {
  Error error{Code::io, "no space left"};
  error = std::move(error).in("folder /srv/ci");
  error = std::move(error).in("put blob 3f56");
  CHECK(error.message == "put blob 3f56: folder /srv/ci: no space left");
  CHECK(error.code == Code::io);
}

TEST_CASE("errno becomes a code that callers decide on") {
  struct Example {
    int value;
    Code code;
  };
  constexpr std::array<Example, 8> k_examples = {{{ENOENT, Code::not_found},
                                                  {EACCES, Code::denied},
                                                  {EROFS, Code::denied},
                                                  {ENOSPC, Code::exhausted},
                                                  {EDQUOT, Code::exhausted},
                                                  {EEXIST, Code::conflict},
                                                  {ECONNREFUSED, Code::unavailable},
                                                  {EIO, Code::io}}};
  for (const auto& [value, code] : k_examples) {
    CAPTURE(value);
    CHECK(fail_errno(value, "open x").error().code == code);
  }
  CHECK(fail_errno(ENOSPC, "write /a/b").error().message == "write /a/b: No space left on device");
}

TEST_CASE("every code has a name of its own") {
  constexpr std::array<Code, 11> k_all = {Code::invalid,     Code::not_found,   Code::conflict,
                                          Code::corrupt,     Code::unsupported, Code::denied,
                                          Code::exhausted,   Code::timeout,     Code::cancelled,
                                          Code::unavailable, Code::io};
  for (std::size_t i = 0; i < k_all.size(); ++i) {
    CHECK_FALSE(name_of(k_all[i]).empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(name_of(k_all[i]) != name_of(k_all[j]));
  }
}
