// The numbers of a job for programs: JSON, and metrics for Prometheus.
//
// Pure functions of values: any thread. docs/guide/stats.md names the fields and the metrics.
#pragma once

#include "codec/json.hpp"
#include "insight/history.hpp"
#include "insight/metrics.hpp"
#include "insight/numbers.hpp"

#include <vector>

namespace sluice::insight {

codec::Json numbers_json(const Numbers& numbers, const History& last);
std::vector<Family> numbers_metrics(const Numbers& numbers);

}  // namespace sluice::insight
