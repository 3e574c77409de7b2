#include "runner/shards.hpp"

#include "base/strings.hpp"
#include "codec/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace sluice::runner {
namespace {

constexpr std::int64_t k_version = 1;

using Sets = std::map<std::string, std::set<std::string>>;  // tests by package

// The place of the least of them; of several the first.
std::size_t least(const std::vector<std::uint64_t>& sums) {
  std::size_t found = 0;
  for (std::size_t at = 1; at < sums.size(); ++at) {
    if (sums[at] < sums[found]) found = at;
  }
  return found;
}

// Parts of about half of a machine's share, so that they can be shared evenly.
std::vector<ShardPart> split_package(const ShardPackage& package, std::uint64_t share_us) {
  const std::uint64_t wanted = package.expected_us / std::max<std::uint64_t>(share_us / 2, 1) + 1;
  const auto count = static_cast<std::size_t>(
      std::min<std::uint64_t>(wanted, std::max<std::size_t>(package.tests.size(), 1)));
  std::vector<ShardTest> tests = package.tests;
  std::ranges::sort(tests, [](const ShardTest& one, const ShardTest& other) {
    return std::tie(other.expected_us, one.name) < std::tie(one.expected_us, other.name);
  });
  std::vector<ShardPart> parts(count, {package.import_path, {}, 0});
  std::vector<std::uint64_t> sums(count, 0);
  for (const ShardTest& test : tests) {
    const std::size_t at = least(sums);
    sums[at] += std::max<std::uint64_t>(test.expected_us, 1);
    parts[at].tests.push_back(test.name);
    parts[at].expected_us += test.expected_us;
  }
  for (ShardPart& part : parts) std::ranges::sort(part.tests);
  return parts;
}

ShardPart whole(const ShardPackage& package) {
  ShardPart part{package.import_path, {}, package.expected_us};
  for (const ShardTest& test : package.tests) part.tests.push_back(test.name);
  std::ranges::sort(part.tests);
  return part;
}

// Two parts of one package on one machine are one.
void merge_parts(Shard& shard) {
  std::ranges::sort(shard, {},
                    [](const ShardPart& part) { return std::tie(part.import_path, part.tests); });
  Shard merged;
  for (ShardPart& part : shard) {
    if (merged.empty() || merged.back().import_path != part.import_path) {
      merged.push_back(std::move(part));
      continue;
    }
    ShardPart& before = merged.back();
    before.expected_us += part.expected_us;
    before.tests.insert(before.tests.end(), part.tests.begin(), part.tests.end());
    std::ranges::sort(before.tests);
  }
  shard = std::move(merged);
}

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Code::invalid, fmt::format("is no plan of tests: {}", why));
}

Result<ShardPart> parse_part(const codec::Json& json) {
  ShardPart part;
  part.import_path = json.text_or("package", "");
  part.expected_us =
      static_cast<std::uint64_t>(std::max<std::int64_t>(json.int_or("expected_us", 0), 0));
  const codec::Json* tests = json.find("tests");
  const codec::JsonArray* names = tests == nullptr ? nullptr : tests->as_array();
  if (part.import_path.empty() || names == nullptr) return damaged("a part without its tests");
  for (const codec::Json& name : *names) {
    if (name.as_string() == nullptr) return damaged("a test without a name");
    part.tests.push_back(*name.as_string());
  }
  return part;
}

}  // namespace

std::uint64_t expected_us(const Shard& shard) {
  std::uint64_t sum = 0;
  for (const ShardPart& part : shard) sum += part.expected_us;
  return sum;
}

std::vector<Shard> make_shards(std::vector<ShardPackage> packages, std::size_t count) {
  std::ranges::sort(packages, {}, &ShardPackage::import_path);
  std::uint64_t all_us = 0;
  for (const ShardPackage& package : packages) all_us += package.expected_us;
  const std::uint64_t share_us = all_us / count;
  std::vector<ShardPart> parts;
  for (const ShardPackage& package : packages) {
    const bool is_split =
        package.may_be_split && package.expected_us > share_us && package.tests.size() > 1;
    if (!is_split) {
      parts.push_back(whole(package));
      continue;
    }
    for (ShardPart& part : split_package(package, share_us)) parts.push_back(std::move(part));
  }
  std::ranges::sort(parts, [](const ShardPart& one, const ShardPart& other) {
    return std::tie(other.expected_us, one.import_path, one.tests) <
           std::tie(one.expected_us, other.import_path, other.tests);
  });
  std::vector<Shard> shards(count);
  std::vector<std::uint64_t> sums(count, 0);
  for (ShardPart& part : parts) {
    const std::size_t at = least(sums);
    sums[at] += std::max<std::uint64_t>(part.expected_us, 1);
    shards[at].push_back(std::move(part));
  }
  for (Shard& shard : shards) merge_parts(shard);
  return shards;
}

std::string shards_text(const std::vector<Shard>& shards) {
  codec::JsonArray all;
  for (const Shard& shard : shards) {
    codec::JsonArray parts;
    for (const ShardPart& part : shard) {
      codec::JsonArray tests(part.tests.begin(), part.tests.end());
      parts.emplace_back(codec::JsonObject{{"package", part.import_path},
                                           {"expected_us", part.expected_us},
                                           {"tests", std::move(tests)}});
    }
    all.emplace_back(std::move(parts));
  }
  return codec::Json(codec::JsonObject{{"version", k_version}, {"shards", std::move(all)}})
      .dump_pretty();
}

Result<std::vector<Shard>> parse_shards(std::string_view text) {
  const auto json = codec::parse_json(text);
  if (!json) return damaged(json.error().message);
  const std::int64_t version = json->int_or("version", 0);
  if (version != k_version) {
    return fail(Code::invalid,
                fmt::format("is no plan of tests of version {}: another sluice made it, or none",
                            k_version));
  }
  const codec::Json* found = json->find("shards");
  const codec::JsonArray* all = found == nullptr ? nullptr : found->as_array();
  if (all == nullptr || all->empty() || all->size() > k_shards_max) return damaged("no shards");
  std::vector<Shard> shards;
  for (const codec::Json& one : *all) {
    const codec::JsonArray* parts = one.as_array();
    if (parts == nullptr) return damaged("a shard that is no list");
    Shard& shard = shards.emplace_back();
    for (const codec::Json& part : *parts) {
      TRY_ASSIGN(ShardPart parsed, parse_part(part));
      shard.push_back(std::move(parsed));
    }
  }
  return shards;
}

Result<void> check_shards(const std::vector<Shard>& shards,
                          const std::vector<ShardPackage>& packages) {
  Sets planned;
  for (const Shard& shard : shards) {
    for (const ShardPart& part : shard) {
      auto& tests = planned[part.import_path];
      for (const std::string& test : part.tests) {
        if (!tests.insert(test).second) {
          return damaged(fmt::format("{} {} is there twice", part.import_path, test));
        }
      }
    }
  }
  constexpr std::string_view k_other = "is of another commit, or of other words";
  for (const ShardPackage& package : packages) {
    const auto at = planned.find(package.import_path);
    if (at == planned.end()) {
      return fail(Code::invalid, fmt::format("{}: it has no {}", k_other, package.import_path));
    }
    for (const ShardTest& test : package.tests) {
      if (at->second.erase(test.name) != 0) continue;
      return fail(Code::invalid,
                  fmt::format("{}: it has no {} {}", k_other, package.import_path, test.name));
    }
    if (!at->second.empty()) {
      return fail(Code::invalid, fmt::format("{}: there is no {} {} here", k_other,
                                             package.import_path, *at->second.begin()));
    }
    planned.erase(at);
  }
  if (planned.empty()) return {};
  return fail(Code::invalid,
              fmt::format("{}: there is no {} here", k_other, planned.begin()->first));
}

}  // namespace sluice::runner
