#include "runner/run_summary.hpp"

#include <fmt/format.h>

namespace sluice::runner {
namespace {

// Then one package bounds the run.
constexpr double k_share_worth_saying = 0.6;

}  // namespace

void RunSummary::ran(const std::string& package, bool has_passed, double took_s) {
  ++(has_passed ? passed : failed);
  if (took_s <= longest_s) return;
  longest = package;
  longest_s = took_s;
}

std::string RunSummary::text(double wall_s) const {
  const std::size_t have_run = passed + failed;
  const std::size_t all = have_run + kept + not_built + not_run + without_tests;
  if (all == 0) return "";
  std::string line = fmt::format("{} {} in {:.2f} s: {} ran", all,
                                 all == 1 ? "package" : "packages", wall_s, have_run);
  const auto add = [&line](std::size_t count, std::string_view what) {
    if (count > 0) line += fmt::format(", {} {}", count, what);
  };
  add(failed, "of them failed");
  add(flaky, flaky == 1 ? "flaky test" : "flaky tests");
  add(kept, "kept from before");
  add(not_built, "not built");
  add(not_run, "not run");
  add(without_tests, "without tests");
  if (have_run > 1 && longest_s > k_share_worth_saying * wall_s) {
    line += fmt::format("; {} took {:.2f} s of it", longest, longest_s);
  }
  return line;
}

}  // namespace sluice::runner
