#include "agent/counters.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

TEST_CASE("counters add up and survive JSON") {
  Counters one;
  one.lookups = 3;
  one.hits_local = 2;
  one.bytes_up = 10;
  count_fault(one.faults, "store", "put: no space");
  count_fault(one.faults, "store", "put: again");
  Counters sum;
  sum.add(one);
  sum.add(Counters::from_json(codec::Json(one.to_json())));
  CHECK(sum.lookups == 6);
  CHECK(sum.hits_local == 4);
  CHECK(sum.faults.at("store").count == 4);
  CHECK(sum.faults.at("store").first == "put: no space");
  CHECK(describe_faults(sum.faults) == std::vector<std::string>{"store: put: no space (4 times)"});
}

TEST_CASE("hostile JSON gives zeroes, not faults") {
  const auto json = codec::parse_json(R"({"lookups":-4,"misses":"x","faults":{"a":-1,"b":"c"}})");
  REQUIRE(json.has_value());
  const Counters counters = Counters::from_json(*json);
  CHECK(counters.lookups == 0);
  CHECK(counters.misses == 0);
  CHECK(counters.faults.empty());
}

TEST_CASE("the number of reasons is bounded") {
  Faults faults;
  for (int i = 0; i < 200; ++i) count_fault(faults, "reason " + std::to_string(i), "x");
  CHECK(faults.size() == k_fault_reasons_max + 1);
  CHECK(faults.at("other").count == 200 - k_fault_reasons_max);
}

TEST_CASE("what came before a command is not its own, and never becomes negative") {
  Counters now;
  now.bytes_down = 100;
  now.lookups = 5;
  Counters before;
  before.bytes_down = 40;
  before.bytes_up = 1;
  before.lookups = 5;
  now.subtract_transfers(before);
  CHECK(now.bytes_down == 60);
  CHECK(now.bytes_up == 0);
  CHECK(now.lookups == 5);
}

}  // namespace
}  // namespace sluice::agent
