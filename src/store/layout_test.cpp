#include "store/layout.hpp"

#include "store/objects.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

TEST_CASE("where things lie") {
  Entry entry{testing::record_of(testing::action_of(1), testing::body_of(1, 1000)), {}};
  entry.location.where = Location::Where::pack;
  entry.location.domain = "trusted";
  const std::string hex = entry.record.output.hex();
  const std::string fan = hex.substr(0, 2);
  CHECK(blob_key("fork", entry.record.output, Encoding::raw) == "fork/v1/blobs/" + fan + "/" + hex);
  CHECK(blob_key("fork", entry.record.output, Encoding::zstd) ==
        "fork/v1/blobs/" + fan + "/" + hex + ".zst");
  CHECK(object_key(entry.record, entry.location) == pack_key("trusted", entry.location.pack));
  const std::string head = head_key("trusted", "branch:github.com/o/r:Main/ä");
  CHECK(head.starts_with("trusted/v1/scopes/"));
  CHECK(head != head_key("trusted", "branch:github.com/o/r:main/ä"));
  for (const std::string& key :
       {head, pack_key("trusted", {}), manifest_key(std::string(k_domain_size_max, 'x'), {})}) {
    CHECK(check_key(key).has_value());
  }
}

TEST_CASE("names of objects are their keys") {
  const auto id = sha256_as<BlobId>(bytes_of("x"));
  for (const ObjectKind kind :
       {ObjectKind::blob, ObjectKind::blob_zstd, ObjectKind::manifest, ObjectKind::pack}) {
    const ObjectName name{kind, id.bytes};
    CHECK(object_name("fork", key_of("fork", name)) == name);
    CHECK_FALSE(object_name("trusted", key_of("fork", name)).has_value());
  }
  Location location;
  location.where = Location::Where::alone;
  location.encoding = Encoding::zstd;
  location.domain = "fork";
  Record record;
  record.output = id;
  CHECK(key_of("fork", object_name(id, location)) == object_key(record, location));
  location.where = Location::Where::pack;
  location.pack = sha256_as<PackId>(bytes_of("p"));
  CHECK(key_of("fork", object_name(id, location)) == object_key(record, location));
  const std::string left = doctor_prefix("fork", 7) + "/small";
  CHECK(object_name("fork", left) == ObjectName{ObjectKind::other, sha256(bytes_of(left))});
  for (const std::string& key :
       {head_key("fork", "branch:x"), gc_state_key("fork"), gc_clock_key("fork"),
        gc_candidates_key("fork", id.view()), std::string("fork/v1/probe/conditions"),
        std::string("fork/v1/packs/00/") + id.hex(), std::string("fork/v1/packs/00/0011"),
        "fork/v2/packs/" + id.hex().substr(0, 2) + "/" + id.hex()}) {
    CHECK_FALSE(object_name("fork", key).has_value());
    CHECK(check_key(key).has_value());
  }
}

TEST_CASE("names of trust domains") {
  for (const char* good : {"trusted", "fork", "0", "a.b_c-d"})
    CHECK(check_domain(good).has_value());
  for (const char* bad : {"", "Main", ".a", "-a", "a/b", "a b", "..", "ä"}) {
    const auto checked = check_domain(bad);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Code::invalid);
  }
  CHECK_FALSE(is_domain(std::string(k_domain_size_max + 1, 'a')));
}

}  // namespace
}  // namespace sluice::store
