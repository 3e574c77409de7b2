#include "store/pack.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <vector>

namespace sluice::store {
namespace {

using testing::body_of;

Bytes pack_of(const std::vector<Bytes>& bodies) {
  PackBuilder builder;
  for (const Bytes& body : bodies) builder.add(sha256_as<BlobId>(body), body);
  return builder.finish();
}

// What read_pack_index promises of any bytes it accepts.
bool is_sound(const std::vector<PackedBlob>& blobs, std::uint64_t size) {
  std::uint64_t end = k_pack_header_size;
  for (const PackedBlob& blob : blobs) {
    if (blob.offset < end || blob.stored_size > size || blob.offset > size - blob.stored_size) {
      return false;
    }
    end = blob.offset + blob.stored_size;
  }
  return true;
}

TEST_CASE("a pack gives back what was put in, in order") {
  const std::vector<Bytes> bodies = {body_of(1, 1), body_of(2, 5000, true), body_of(3, 5000)};
  const Bytes pack = pack_of(bodies);
  const auto blobs = read_pack_index(pack);
  REQUIRE(blobs.has_value());
  REQUIRE(blobs->size() == bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    CHECK((*blobs)[i].blob == sha256_as<BlobId>(bodies[i]));
    CHECK((*blobs)[i].size == bodies[i].size());
    CHECK(*read_packed_blob(pack, (*blobs)[i]) == bodies[i]);
  }
  CHECK((*blobs)[0].encoding == Encoding::raw);
  CHECK((*blobs)[1].encoding == Encoding::zstd);
  CHECK((*blobs)[1].stored_size < 5000);
  CHECK((*blobs)[2].encoding == Encoding::raw);
  CHECK((*blobs)[0].offset == k_pack_header_size);
}

TEST_CASE("a builder starts over after finish") {
  PackBuilder builder;
  CHECK(builder.empty());
  const Bytes body = body_of(1, 100);
  builder.add(sha256_as<BlobId>(body), body);
  CHECK_FALSE(builder.empty());
  CHECK(builder.blobs().size() == 1);
  const Bytes first = builder.finish();
  CHECK(builder.empty());
  builder.add(sha256_as<BlobId>(body), body);
  CHECK(builder.finish() == first);
}

TEST_CASE("the golden pack of version 1") {
  const std::vector<Bytes> bodies = {body_of(11, 40), Bytes(300, std::byte{'a'}), body_of(13, 7)};
  const Bytes pack = pack_of(bodies);
  CHECK(testing::golden_file("pack/v1", pack) == pack);
}

TEST_CASE("a later version is refused with a clear line") {
  Bytes pack = pack_of({body_of(1, 100)});
  pack[8] = std::byte{7};
  const auto blobs = read_pack_index(pack);
  REQUIRE_FALSE(blobs.has_value());
  CHECK(blobs.error().code == Code::unsupported);
  CHECK(blobs.error().message == "format version 7 is newer than this sluice knows (1)");
}

TEST_CASE("a pack against a map") {
  CHECK(rc::check("round trip", [](const std::vector<std::vector<std::uint8_t>>& contents) {
    std::map<BlobId, Bytes> model;
    PackBuilder builder;
    for (const auto& content : contents) {
      const Bytes body = copy_of(std::as_bytes(std::span(content)));
      const BlobId id = sha256_as<BlobId>(body);
      if (body.empty() || !model.emplace(id, body).second) continue;
      builder.add(id, body);
    }
    RC_PRE(!builder.empty());
    const Bytes pack = builder.finish();
    const auto blobs = read_pack_index(pack);
    RC_ASSERT(blobs.has_value());
    RC_ASSERT(blobs->size() == model.size());
    RC_ASSERT(is_sound(*blobs, pack.size()));
    for (const PackedBlob& blob : *blobs) {
      const auto body = read_packed_blob(pack, blob);
      RC_ASSERT(body.has_value());
      RC_ASSERT(*body == model.at(blob.blob));
    }
  }));
}

TEST_CASE("a damaged pack never gives wrong bytes") {
  const std::vector<Bytes> bodies = {body_of(1, 50), body_of(2, 400, true), body_of(3, 60)};
  const Bytes pack = pack_of(bodies);
  CHECK(rc::check("damage", [&] {
    Bytes bytes = pack;
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    if (*rc::gen::arbitrary<bool>()) {
      bytes.resize(at);
    } else {
      bytes[at] ^= static_cast<std::byte>(1U << *rc::gen::inRange(0U, 8U));
    }
    const auto blobs = read_pack_index(bytes);
    if (!blobs) return;
    RC_ASSERT(is_sound(*blobs, bytes.size()));
    for (const PackedBlob& blob : *blobs) {
      const auto body = read_packed_blob(bytes, blob);
      if (body) RC_ASSERT(sha256_as<BlobId>(*body) == blob.blob);
    }
  }));
}

}  // namespace
}  // namespace sluice::store
