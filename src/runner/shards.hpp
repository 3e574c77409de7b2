// Which tests each of several machines runs, and the file that tells all of them the same.
//
// Pure functions: any thread. The same packages give the same shards, in whatever order they come.
// The format: docs/formats/test-plan.md.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_shards_max = 1000;

struct ShardTest {
  std::string name;
  std::uint64_t expected_us = 0;
};

struct ShardPackage {
  std::string import_path;
  std::uint64_t expected_us = 0;  // all of it
  bool may_be_split = false;
  std::vector<ShardTest> tests;
};

// A package, or some of its tests.
struct ShardPart {
  std::string import_path;
  std::vector<std::string> tests;  // in the order of their names
  std::uint64_t expected_us = 0;

  bool operator==(const ShardPart&) const = default;
};

using Shard = std::vector<ShardPart>;  // in the order of import paths

// The longest first, each to the machine that has least; a package that is longer than a machine's
// share is split, where it may be.
std::vector<Shard> make_shards(std::vector<ShardPackage> packages, std::size_t count);

std::uint64_t expected_us(const Shard& shard);

std::string shards_text(const std::vector<Shard>& shards);
// Code::invalid: what is wrong with the file.
Result<std::vector<Shard>> parse_shards(std::string_view text);
// Whether shards are of just these packages and tests. Code::invalid names the first that differs.
Result<void> check_shards(const std::vector<Shard>& shards,
                          const std::vector<ShardPackage>& packages);

}  // namespace sluice::runner
