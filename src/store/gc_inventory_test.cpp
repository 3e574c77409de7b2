#include "store/gc_inventory.hpp"

#include "store/layout.hpp"
#include "store/parallel.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

namespace sluice::store {
namespace {

TEST_CASE("many keys come by several requests, each once") {
  testing::MemoryObjects objects;
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < 2500; ++i) {
    keys.push_back(pack_key("trusted", PackId{sha256(bytes_of(std::to_string(i)))}));
    objects.set(keys.back(), testing::body_of(i, i % 7));
  }
  std::ranges::sort(keys);
  for (const std::size_t at_once : {1U, 8U}) {
    std::vector<std::string> found;
    std::uint64_t bytes = 0;
    REQUIRE(
        list_all(objects, "trusted/v1/packs/", at_once, [&](std::string key, std::uint64_t size) {
          found.push_back(std::move(key));
          bytes += size;
        }).has_value());
    std::ranges::sort(found);
    CHECK(found == keys);
    CHECK(bytes == 7497);
  }
}

TEST_CASE("a gate lets in what fits") {
  WeightGate gate(10);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  run_parallel(40, 8, [&](std::size_t i) {
    gate.run(i % 4 == 0 ? 1000 : 4, [&] {
      const int now = ++inside;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --inside;
    });
  });
  CHECK(most <= 2);
}

TEST_CASE("objects are known by their keys again") {
  testing::MemoryObjects objects;
  const std::string left = doctor_prefix("trusted", 7) + "/small";
  const std::string blob = blob_key("trusted", k_empty_blob, Encoding::zstd);
  objects.set(left, {});
  objects.set(blob, testing::body_of(1, 17));
  objects.set("trusted/v1/probe/conditions", {});
  GcReport report;
  const Trust trust;
  InventoryReader reader(objects, "trusted", trust, 4, report,
                         [](const GcProgress&) { return Result<void>(); });
  REQUIRE(reader.list().has_value());
  REQUIRE(reader.inventory().objects.size() == 2);
  CHECK(reader.key_of_object(0) == blob);
  CHECK(reader.key_of_object(1) == left);
  CHECK(sum_of(report.found).bytes == 17);
}

}  // namespace
}  // namespace sluice::store
