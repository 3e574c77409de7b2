#include "runner/run_summary.hpp"

#include <fmt/format.h>

namespace sluice::runner {
namespace {

// Then one package bounds the run.
constexpr double k_share_worth_saying = 0.6;

}  // namespace

void RunSummary::ran(const std::string& package, bool has_passed, double took_s) {
  ++ran_;
  if (!has_passed) ++failed_;
  if (took_s <= longest_s_) return;
  longest_ = package;
  longest_s_ = took_s;
}

std::string RunSummary::text(double wall_s) const {
  const std::size_t all = ran_ + kept_ + not_built_ + without_tests_;
  if (all == 0) return "";
  std::string line = fmt::format("{} {} in {:.2f} s: {} ran", all,
                                 all == 1 ? "package" : "packages", wall_s, ran_);
  const auto add = [&line](std::size_t count, std::string_view what) {
    if (count > 0) line += fmt::format(", {} {}", count, what);
  };
  add(failed_, "of them failed");
  add(flaky_, flaky_ == 1 ? "flaky test" : "flaky tests");
  add(kept_, "kept from before");
  add(not_built_, "not built");
  add(without_tests_, "without tests");
  if (ran_ > 1 && longest_s_ > k_share_worth_saying * wall_s) {
    line += fmt::format("; {} took {:.2f} s of it", longest_, longest_s_);
  }
  return line;
}

}  // namespace sluice::runner
