// Metrics as Prometheus reads them: text format 0.0.4, and OpenMetrics 1.0.
//
// Values and pure functions: any thread. Names are the caller's: [a-zA-Z_:][a-zA-Z0-9_:]*, counters
// end with _total. Label values may be any text; bytes that are no UTF-8 become U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::insight {

struct Sample {
  std::string suffix;  // "_bucket", "_sum", "_count" of a histogram, else empty
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

struct Family {
  enum class Type { counter, gauge, histogram };
  std::string name;
  Type type = Type::gauge;
  std::string help;  // one line
  std::vector<Sample> samples;
};

// A histogram from counts in buckets (not cumulative; the last one has no bound), in order.
Family histogram(std::string name, std::string help, const std::vector<double>& bounds,
                 const std::vector<std::uint64_t>& counts, double sum);

// Families without samples are left out.
std::string prometheus_text(const std::vector<Family>& families);
std::string openmetrics_text(const std::vector<Family>& families);

}  // namespace sluice::insight
