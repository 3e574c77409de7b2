#include "store/domain_removal.hpp"

#include "store/layout.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::store {

TEST_CASE("a domain is emptied, and nothing else") {
  testing::MemoryObjects objects;
  const std::vector<std::string> others = {head_key("fork", "branch:a"), "trusted/mine",
                                           "trusted/v1/later/x", "trusted/v2/packs/00/x"};
  for (const std::string& key : others) objects.set(key, testing::body_of(1, 10));
  for (const std::string& key :
       {head_key("trusted", "branch:a"), pack_key("trusted", {}), gc_state_key("trusted"),
        blob_key("trusted", {}, Encoding::zstd), manifest_key("trusted", {}),
        std::string("trusted/v1/probe/conditions"), doctor_prefix("trusted", 1) + "/small"}) {
    objects.set(key, testing::body_of(1, 10));
  }
  const auto dry = remove_domain(objects, "trusted", {.dry_run = true});
  REQUIRE(dry.has_value());
  CHECK(dry->objects == 7);
  CHECK(dry->bytes == 70);
  CHECK(objects.keys().size() == 11);
  std::string first;
  objects.before_put = [&](std::string_view key) -> Result<void> {
    if (first.empty()) first = key;
    return {};
  };
  const auto done = remove_domain(objects, "trusted", {.at_once = 1});
  REQUIRE(done.has_value());
  CHECK(done->objects == 7);
  CHECK(first == head_key("trusted", "branch:a"));
  CHECK(objects.keys() == others);
  objects.set(pack_key("trusted", {}), {});
  objects.before_put = [](std::string_view) -> Result<void> { return fail(Code::denied, "no"); };
  CHECK(remove_domain(objects, "trusted", {})->failures == 1);
}

}  // namespace sluice::store
