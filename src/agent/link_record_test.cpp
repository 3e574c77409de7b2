#include "agent/link_record.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

TEST_CASE("what a link took goes into its record and comes back") {
  store::Record record;
  for (const std::int64_t us :
       {std::int64_t{0}, std::int64_t{4'200'000}, std::int64_t{86'400} * 1'000'000}) {
    record.name = link_time_name(std::chrono::microseconds(us));
    CHECK(link_time_of(record) == std::chrono::microseconds(us));
  }
}

TEST_CASE("a record that says nothing of its link, or nonsense") {
  store::Record record;
  for (const char* name : {"", "-1", "1.5", "12s", "86400000001", "99999999999999999999"}) {
    record.name = name;
    CHECK_FALSE(link_time_of(record).has_value());
  }
}

}  // namespace
}  // namespace sluice::agent
