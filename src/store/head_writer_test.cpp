#include "store/layout.hpp"
#include "store/publisher.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

using testing::MemoryObjects;
using testing::soon;

const Scope k_scope{ScopeKind::branch, "branch:github.com/o/r:main"};

ManifestRef ref_of(const std::string& job_name) {
  ManifestRef ref;
  ref.id = sha256_as<ManifestId>(bytes_of(job_name));
  ref.size = 100;
  ref.job_name = job_name;
  return ref;
}

Head head_in(const MemoryObjects& objects) {
  return *decode_head(objects.bytes_at(head_key("trusted", k_scope.name)));
}

TEST_CASE("a head grows by one manifest with each update and says what was written") {
  MemoryObjects objects;
  for (const char* name : {"build", "test", "build"}) {
    const auto written = update_head(objects, "trusted", k_scope, ref_of(name), soon());
    REQUIRE(written.has_value());
    CHECK(*written == objects.bytes_at(head_key("trusted", k_scope.name)).size());
  }
  const Head head = head_in(objects);
  REQUIRE(head.manifests.size() == 2);
  CHECK(head.manifests[0].job_name == "build");
}

TEST_CASE("a writer who always loses gives up after a bounded number of tries") {
  MemoryObjects objects;
  REQUIRE(update_head(objects, "trusted", k_scope, ref_of("first"), soon()).has_value());
  const std::string key = head_key("trusted", k_scope.name);
  int tries = 0;
  objects.before_put = [&](std::string_view) -> Result<void> {
    Head other = *decode_head(objects.bytes_at(key));
    add_to_head(other, ref_of("other"), ++tries);
    objects.set(key, *encode_head(other));
    return {};
  };
  const auto written = update_head(objects, "trusted", k_scope, ref_of("second"), soon());
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == Code::conflict);
  CHECK(tries == k_head_tries_max);
  CHECK(head_in(objects).manifests.size() == 2);
}

TEST_CASE("the deadline ends the tries") {
  MemoryObjects objects;
  const auto late = update_head(objects, "trusted", k_scope, ref_of("x"),
                                Deadline::after(std::chrono::milliseconds(-1)));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Code::timeout);
  CHECK(objects.keys().empty());
}

}  // namespace
}  // namespace sluice::store
