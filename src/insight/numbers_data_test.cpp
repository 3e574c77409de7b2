#include "insight/numbers_data.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("numbers data: metrics") {
  const std::string text = prometheus_text(numbers_metrics(sample_numbers()));
  CHECK(text == golden(SLUICE_GOLDEN_NUMBERS "/metrics.txt"));
}

TEST_CASE("numbers data: JSON has the names that dashboards know, and the sample of each number") {
  const codec::Json json = numbers_json(sample_numbers(), sample_history());
  CHECK(json.int_or("invalidations_total", 0) == 10);
  const codec::Json* reasons = json.find("invalidations_by_reason");
  REQUIRE(reasons != nullptr);
  CHECK(reasons->int_or("ttl", 1) == 0);
  CHECK(reasons->int_or("evict", 1) == 0);
  CHECK(reasons->int_or("manual", 0) == 1);
  CHECK(reasons->int_or("never-seen", 0) == 6);
  CHECK(*json.find("hit_rate")->as_double() == doctest::Approx(0.92));
  const codec::Json* compile = json.find("time_saved")->find("compile");
  CHECK(*compile->find("seconds")->as_double() == doctest::Approx(38.1));
  CHECK(compile->int_or("counted", 0) == 117);
  CHECK(compile->int_or("of", 0) == 118);
  CHECK(json.find("excluded")->as_array()->size() == 4);
  CHECK(json.find("packages")->as_array()->size() == 2);
  CHECK(json.find("last")->find("jobs")->as_array()->size() == 1);
  CHECK(json.find("by_kind")->find("archive")->int_or("missed", 0) == 6);
}

TEST_CASE("numbers data: what is not known is null, and no number") {
  const codec::Json json = numbers_json(Numbers{}, History{});
  CHECK(json.find("hit_rate")->is_null());
  CHECK(json.find("last")->find("hit_rate_median")->is_null());
  CHECK(json.int_or("invalidations_total", 1) == 0);
  const std::string text = prometheus_text(numbers_metrics(Numbers{}));
  CHECK(text.find("sluice_hit_ratio") == std::string::npos);
  CHECK(text.find("invalidations_total 0\n") != std::string::npos);
}

}  // namespace sluice::insight
