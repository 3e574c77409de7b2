#include "insight/metrics.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace sluice::insight {
namespace {

constexpr std::string_view k_total = "_total";

std::string_view type_name(Family::Type type) {
  switch (type) {
    case Family::Type::counter: return "counter";
    case Family::Type::gauge: return "gauge";
    case Family::Type::histogram: return "histogram";
  }
  return "gauge";
}

// As the format wants it: UTF-8, a backslash before backslash, line feed and, in labels, quotes.
// What is none and what a terminal would obey is shown as '?'.
std::string escaped(std::string_view text, bool is_label) {
  std::vector<std::string> lines;
  for (const std::string_view part : split(text, '\n')) {
    std::string line;
    for (const char c : printable(part, part.size())) {
      if (c == '\\' || (c == '"' && is_label)) line += '\\';
      line += c;
    }
    lines.push_back(std::move(line));
  }
  return join(lines, "\\n");
}

std::string number_text(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  return fmt::format("{}", value);
}

void add_sample(std::string& text, const Family& family, const Sample& sample) {
  text += family.name + sample.suffix;
  std::string_view before = "{";
  for (const auto& [name, value] : sample.labels) {
    text += fmt::format("{}{}=\"{}\"", before, name, escaped(value, true));
    before = ",";
  }
  if (!sample.labels.empty()) text += '}';
  text += fmt::format(" {}\n", number_text(sample.value));
}

std::string text_of(const std::vector<Family>& families, bool is_open) {
  std::string text;
  for (const Family& family : families) {
    if (family.samples.empty()) continue;
    std::string_view name = family.name;
    // OpenMetrics names a counter without the ending that its samples have.
    if (is_open && family.type == Family::Type::counter && name.ends_with(k_total)) {
      name.remove_suffix(k_total.size());
    }
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help, is_open), name,
                        type_name(family.type));
    for (const Sample& sample : family.samples) add_sample(text, family, sample);
  }
  return text;
}

}  // namespace

Family histogram(std::string name, std::string help, const std::vector<double>& bounds,
                 const std::vector<std::uint64_t>& counts, double sum) {
  Family family{std::move(name), Family::Type::histogram, std::move(help), {}};
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    family.samples.push_back(
        {"_bucket", {{"le", number_text(bound)}}, static_cast<double>(so_far)});
  }
  family.samples.push_back({"_sum", {}, sum});
  family.samples.push_back({"_count", {}, static_cast<double>(so_far)});
  return family;
}

std::string prometheus_text(const std::vector<Family>& families) {
  return text_of(families, false);
}

std::string openmetrics_text(const std::vector<Family>& families) {
  return text_of(families, true) + "# EOF\n";
}

}  // namespace sluice::insight
