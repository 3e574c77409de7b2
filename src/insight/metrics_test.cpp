#include "insight/metrics.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

std::vector<Family> families() {
  std::vector<Family> list;
  list.push_back({"a_total",
                  Family::Type::counter,
                  "How many \"a\"\nand \\.",
                  {{"", {{"x", "o\x1b[1mne"}, {"y", "q\"u\\o\nt"}}, 3}, {"", {}, 0.5}}});
  list.push_back({"none", Family::Type::gauge, "Left out.", {}});
  list.push_back(histogram("wait_seconds", "Waits.", {0.1, 5}, {2, 0, 1}, 7.25));
  return list;
}

}  // namespace

TEST_CASE("metrics: Prometheus' text, and what has to be escaped") {
  CHECK(prometheus_text(families()) ==
        "# HELP a_total How many \"a\"\\nand \\\\.\n"
        "# TYPE a_total counter\n"
        "a_total{x=\"o?[1mne\",y=\"q\\\"u\\\\o\\nt\"} 3\n"
        "a_total 0.5\n"
        "# HELP wait_seconds Waits.\n"
        "# TYPE wait_seconds histogram\n"
        "wait_seconds_bucket{le=\"0.1\"} 2\n"
        "wait_seconds_bucket{le=\"5\"} 2\n"
        "wait_seconds_bucket{le=\"+Inf\"} 3\n"
        "wait_seconds_sum 7.25\n"
        "wait_seconds_count 3\n");
}

TEST_CASE("metrics: OpenMetrics names a counter without its ending, and has an end") {
  const std::string text = openmetrics_text(families());
  CHECK(text.find("# TYPE a counter\na_total{") != std::string::npos);
  CHECK(text.find("# HELP a How many \\\"a\\\"") != std::string::npos);
  CHECK(text.ends_with("wait_seconds_count 3\n# EOF\n"));
  CHECK(openmetrics_text({}) == "# EOF\n");
}

TEST_CASE("metrics: bytes that are no UTF-8, and large numbers") {
  const std::vector<Family> list = {
      {"a", Family::Type::gauge, "A.", {{"", {{"x", "\xffé\n"}}, 123456789012}}}};
  CHECK(prometheus_text(list) == "# HELP a A.\n# TYPE a gauge\na{x=\"?é\\n\"} 123456789012\n");
}

}  // namespace sluice::insight
