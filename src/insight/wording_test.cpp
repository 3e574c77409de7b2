#include "insight/wording.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("wording: a rate is never rounded up to all") {
  CHECK(percent_text(1) == "100.0 %");
  CHECK(percent_text(0.99999) == "99.9 %");
  CHECK(percent_text(0.57) == "57.0 %");
  CHECK(percent_text(0) == "0.0 %");
  CHECK(rate_text(Tally{}) == "no lookups");
  CHECK(rate_text(Tally{.local = 1}) == "100.0 %");
}

TEST_CASE("wording: jobs, times and counts") {
  CHECK(time_text(k_diary_us) == "2026-01-02 03:04:05 UTC");
  CHECK(seconds_text(1'234'567) == "1.23 s");
  CHECK(count_text(1, "job", "jobs") == "1 job");
  CHECK(count_text(0, "job", "jobs") == "0 jobs");
  CHECK(job_text(sample_numbers().job) == "github/o/r/1 (CI|test, main, 0a1b2c3d4e5f)");
  journal::JobRow bare;
  bare.uid = "a\nb";
  CHECK(job_text(bare) == "a?b");
}

TEST_CASE("wording: every reason of ours has a meaning") {
  for (const std::string_view reason : k_reasons) CHECK_FALSE(meaning_of(reason).empty());
  CHECK(meaning_of("file") == "an input that differs, which sluice why names");
  CHECK(meaning_of("upstream") == "compiled because a package that it imports was");
}

TEST_CASE("wording: what is saved says of how many, and what is left out") {
  const Numbers numbers = sample_numbers();
  CHECK(saved_text(numbers.steps[1]) == "0.00 s by 0 of 1 program given");
  CHECK(spent_text(numbers.steps[2]) == "0.90 s in 3 of 4 tests");
  const auto excluded = exclusions(numbers);
  REQUIRE(excluded.size() == 4);
  CHECK(excluded[0] == "what 1 package given without a recorded duration saved");
  CHECK(excluded[2] == "the time of 1 command without an end in the journal");
  CHECK(exclusions(Numbers{}).empty());
}

}  // namespace sluice::insight
