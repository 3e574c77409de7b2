#include "runner/run_facts.hpp"

#include <doctest/doctest.h>

#include <future>

namespace sluice::runner {
namespace {

std::shared_ptr<ResultCache> empty_cache() {
  return std::make_shared<ResultCache>(
      ResultCache::Access{[](const ActionId&) { return std::nullopt; },
                          [](const ActionId&, ByteView) { return false; }},
      ResultCache::Go{"go1.26.8", {}, false, "", "/none"});
}

}  // namespace

TEST_CASE("run facts: who asks waits for the packages and for the cache") {
  RunFacts facts;
  auto asked = std::async(std::launch::async, [&] { return facts.known_result("m/p", "abc"); });
  CHECK(asked.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  facts.set_cache(empty_cache());
  CHECK(asked.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  facts.set_packages({{"m/p", {}}}, [](const std::string&) { return PackageWords(); });
  CHECK_FALSE(asked.get());
  CHECK(facts.cache());
}

TEST_CASE("run facts: without a cache nothing is known, and nobody waits for it") {
  RunFacts facts;
  facts.set_packages({{"m/p", {}}}, [](const std::string&) { return PackageWords(); });
  facts.set_cache(nullptr);
  CHECK_FALSE(facts.known_result("m/p", "abc"));
  CHECK_FALSE(facts.known_result("m/none", "abc"));
  CHECK_FALSE(facts.cache());
}

}  // namespace sluice::runner
