#include "runner/progress.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace sluice::runner {
namespace {

constexpr std::size_t k_named_max = 3;

// The last two elements tell packages apart.
std::string_view short_name(std::string_view package) {
  const std::size_t last = package.rfind('/');
  if (last == std::string_view::npos || last == 0) return package;
  const std::size_t before = package.rfind('/', last - 1);
  return before == std::string_view::npos ? package : package.substr(before + 1);
}

}  // namespace

double time_left_s(const std::vector<Remaining>& remaining, double cores) {
  double longest_s = 0;
  double work_s = 0;
  for (const Remaining& one : remaining) {
    longest_s = std::max(longest_s, one.duration_s);
    work_s += one.duration_s * std::min(one.cores, cores);
  }
  return std::max(longest_s, work_s / std::max(cores, 1e-3));
}

std::string words_of(Progress progress) {
  std::string line = progress.all == 0
                         ? "go lists the packages"
                         : fmt::format("{} of {} packages", progress.done, progress.all);
  auto& running = progress.running;
  std::ranges::sort(running,
                    [](const auto& one, const auto& other) { return one.age_s > other.age_s; });
  if (!running.empty()) {
    std::vector<std::string> names;
    for (const auto& one : running) {
      if (names.size() == k_named_max) break;
      names.push_back(fmt::format("{} {:.1f} s", short_name(one.package), one.age_s));
    }
    if (running.size() > k_named_max) {
      names.push_back(fmt::format("{} more", running.size() - k_named_max));
    }
    line += "; run: " + join(names, ", ");
  } else if (progress.is_building) {
    line += "; go builds";
  }
  if (progress.waiting > 0) line += fmt::format("; {} wait", progress.waiting);
  if (progress.left_s) line += fmt::format("; about {:.0f} s left", std::ceil(*progress.left_s));
  if (!running.empty() && progress.cores > 0) {
    line += fmt::format("; {:.1f} of {:.4g} cores", progress.cores_used, progress.cores);
  }
  return line;
}

}  // namespace sluice::runner
