#include "agent/provenance.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

ActionId action(int i) { return sha256_as<ActionId>(bytes_of("action " + std::to_string(i))); }
BlobId blob(int i) { return sha256_as<BlobId>(bytes_of("blob " + std::to_string(i))); }

struct Place {
  sys::TempDirectory directory = *sys::TempDirectory::create("sluice-provenance-");
  gotool::LocalTier tier = *gotool::LocalTier::open(directory.path() / "tier");
  sys::Path file = directory.path() / "provenance" / "trusted-1";
};

TEST_CASE("what one agent appended the next one knows") {
  Place place;
  Provenance first;
  REQUIRE(first.open(place.file, place.tier));
  CHECK(!first.has(action(1), blob(1)));
  REQUIRE(first.add(action(1), blob(1)));
  REQUIRE(first.add(action(2), blob(2)));
  REQUIRE(first.add(action(2), blob(3)));
  Provenance second;
  REQUIRE(second.open(place.file, place.tier));
  CHECK(second.has(action(1), blob(1)));
  CHECK(second.has(action(2), blob(3)));
  CHECK(!second.has(action(2), blob(2)));  // the last record counts
  CHECK(!second.has(action(1), blob(2)));
}

TEST_CASE("torn and foreign bytes cost only themselves") {
  Bytes bytes = encode_provenance(action(1), blob(1));
  Bytes torn = encode_provenance(action(2), blob(2));
  torn.resize(40);
  append(bytes, torn);
  append(bytes, bytes_of("SLP1 garbage"));
  append(bytes, encode_provenance(action(3), blob(3)));
  const auto known = decode_provenance(bytes);
  CHECK(known.size() == 2);
  CHECK(known.at(action(3)) == blob(3));
  for (std::size_t i = 0; i < k_provenance_record_size; ++i) {
    Bytes flipped = encode_provenance(action(1), blob(1));
    flipped[i] ^= std::byte{1};
    CHECK(decode_provenance(flipped).empty());
  }
}

TEST_CASE("several agents append to one file") {
  Place place;
  Provenance first;
  Provenance second;
  REQUIRE(first.open(place.file, place.tier));
  REQUIRE(second.open(place.file, place.tier));
  for (int i = 0; i < 50; ++i) {
    REQUIRE(first.add(action(i), blob(i)));
    REQUIRE(second.add(action(100 + i), blob(i)));
  }
  Provenance third;
  REQUIRE(third.open(place.file, place.tier));
  for (int i = 0; i < 50; ++i) {
    CHECK(third.has(action(i), blob(i)));
    CHECK(third.has(action(100 + i), blob(i)));
  }
}

}  // namespace
}  // namespace sluice::agent
