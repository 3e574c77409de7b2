#include "insight/numbers_text.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("numbers text: a job with everything") {
  const std::string text = numbers_text(sample_numbers(), sample_history(), 10);
  CHECK(text == golden(SLUICE_GOLDEN_NUMBERS "/text.txt"));
}

TEST_CASE("numbers text: a job with nothing says so instead of a rate") {
  const std::string text = numbers_text(Numbers{}, History{}, 1);
  CHECK(text.find("hit rate    no lookups\n") != std::string::npos);
  CHECK(text.find("compile  no packages given\n") != std::string::npos);
  CHECK(text.find('%') == std::string::npos);
  CHECK(text.ends_with("\nlast 1 job: none with lookups\n"));
}

TEST_CASE("numbers text: ten packages, and how many more") {
  Numbers numbers;
  for (int i = 0; i < 13; ++i)
    numbers.packages.push_back({"p\x1b[31m" + std::to_string(i), 1, 0, 1, 1});
  const std::string text = numbers_text(numbers, History{}, 10);
  CHECK(text.find("p?[31m9 ") != std::string::npos);
  CHECK(text.find("p?[31m10") == std::string::npos);
  CHECK(text.find("and 3 more; --format json has them all\n") != std::string::npos);
}

}  // namespace sluice::insight
