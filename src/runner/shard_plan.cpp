#include "runner/shard_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::runner {
namespace {

constexpr std::uint64_t k_plan_bytes_max = 64U << 20U;
constexpr std::uint64_t k_test_us = 1'000'000;
constexpr double k_us_per_s = 1e6;

std::uint64_t median_of(std::vector<std::uint64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// What is known of tests counts; the others share what is left of their package.
void expect_tests(ShardPackage& package, const EarlierTests& earlier) {
  std::uint64_t known_us = 0;
  std::vector<ShardTest*> unknown;
  for (ShardTest& test : package.tests) {
    const auto expected = earlier.expected_us(package.import_path, test.name);
    test.expected_us = expected.value_or(0);
    known_us += test.expected_us;
    if (!expected) unknown.push_back(&test);
  }
  if (unknown.empty()) return;
  const std::uint64_t left_us = package.expected_us - std::min(package.expected_us, known_us);
  for (ShardTest* test : unknown) test->expected_us = left_us / unknown.size();
}

Result<std::vector<Shard>> read_plan(const ShardChoice& choice,
                                     const std::vector<ShardPackage>& packages) {
  TRY_ASSIGN(const auto bytes, sys::read_file(choice.file, k_plan_bytes_max));
  if (!bytes) {
    return fail(Code::invalid,
                fmt::format("is not there; --shard plan/{} writes it", choice.count));
  }
  TRY_ASSIGN(auto shards, parse_shards(text_of(*bytes)));
  if (shards.size() != choice.count) {
    return fail(Code::invalid,
                fmt::format("is for {} shards, not {}", shards.size(), choice.count));
  }
  TRY(check_shards(shards, packages));
  return shards;
}

}  // namespace

std::vector<ShardPackage> shard_packages(const TestPlan& plan, const TestRules& rules,
                                         const EarlierTests& earlier) {
  std::vector<ShardPackage> packages;
  std::vector<std::uint64_t> known_us;
  for (const auto& [path, one] : plan.packages()) {
    if (!one.is_run) continue;
    ShardPackage& package = packages.emplace_back();
    package.import_path = path;
    package.may_be_split = may_be_split(one, rules);
    for (const std::string& test : one.tests) package.tests.push_back({test, 0});
    package.expected_us = earlier.expected_us(path, "").value_or(0);
    if (package.expected_us != 0) known_us.push_back(package.expected_us);
  }
  const std::uint64_t usual_us = known_us.empty() ? 0 : median_of(std::move(known_us));
  for (ShardPackage& package : packages) {
    if (package.expected_us == 0) {
      package.expected_us = usual_us != 0 ? usual_us : k_test_us * (package.tests.size() + 1);
    }
    expect_tests(package, earlier);
  }
  return packages;
}

Result<std::string> plan_shard(TestPlan& plan, const TestRules& rules, const ShardChoice& choice,
                               const EarlierTests& earlier) {
  const EarlierTests nothing;
  const auto packages = shard_packages(plan, rules, choice.only_plans() ? earlier : nothing);
  std::vector<Shard> shards;
  if (choice.file.empty() || choice.only_plans()) {
    shards = make_shards(packages, choice.count);
  } else {
    auto read = read_plan(choice, packages);
    if (!read) {
      return fail(Code::invalid, choice.file.native() + ": " + read.error().message);
    }
    shards = std::move(*read);
  }
  TestsByPackage kept;
  std::string line;
  if (choice.only_plans()) {
    TRY(sys::write_named_file(choice.file, bytes_of(shards_text(shards))));
    std::uint64_t longest = 0;
    std::uint64_t all = 0;
    for (const Shard& shard : shards) {
      longest = std::max(longest, expected_us(shard));
      all += expected_us(shard);
    }
    line = fmt::format("{}: {} shards, {:.1f} s in all, at most {:.1f} s each",
                       choice.file.native(), shards.size(), static_cast<double>(all) / k_us_per_s,
                       static_cast<double>(longest) / k_us_per_s);
  } else {
    for (const ShardPart& part : shards[choice.number - 1]) {
      kept[part.import_path] = {part.tests.begin(), part.tests.end()};
    }
  }
  plan.keep_only(kept);
  return line;
}

}  // namespace sluice::runner
