#include "store/envelope.hpp"

#include "codec/wire.hpp"
#include "codec/zstd.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace sluice::store {
namespace {

using testing::body_of;

constexpr EnvelopeKind k_kind{"SLUICEXX", "thing", 100'000};

Code code_of(ByteView bytes) {
  const auto opened = open_envelope(k_kind, bytes);
  return opened ? Code::invalid : opened.error().code;
}

TEST_CASE("what is sealed comes back, compressed when that is smaller") {
  for (const Bytes& payload : {Bytes(), body_of(1, 1000), body_of(1, 50'000, true)}) {
    const Bytes bytes = seal(k_kind, payload);
    CHECK(bytes.size() <= k_envelope_size + payload.size());
    const auto opened = open_envelope(k_kind, bytes);
    REQUIRE(opened.has_value());
    CHECK(opened->payload == payload);
    CHECK_FALSE(opened->signature.is_signed());
  }
  CHECK(seal(k_kind, body_of(1, 50'000, true)).size() < 25'000);
}

TEST_CASE("the header is where the format says") {
  const Bytes bytes = seal(k_kind, body_of(1, 10));
  REQUIRE(bytes.size() == k_envelope_size + 10);
  CHECK(text_of(ByteView(bytes).first(8)) == "SLUICEXX");
  CHECK(bytes[8] == std::byte{k_format_version});
  CHECK(bytes[10] == std::byte{0});
  CHECK(bytes[16] == std::byte{10});
  CHECK(bytes[24] == std::byte{10});
  Sha256 hash;
  hash.update(ByteView(bytes).first(32));
  hash.update(ByteView(bytes).subspan(64, k_key_id_size));
  hash.update(ByteView(bytes).subspan(k_envelope_size));
  CHECK(std::ranges::equal(ByteView(bytes).subspan(32, 32), hash.finish()));
  const Bytes zero(k_key_id_size + k_signature_size);
  CHECK(std::ranges::equal(ByteView(bytes).subspan(64, zero.size()), zero));
}

TEST_CASE("another kind, cut, longer, changed") {
  const Bytes bytes = seal(k_kind, body_of(1, 1000));
  CHECK(code_of(seal({"SLUICEYY", "other", 100'000}, body_of(1, 1000))) == Code::corrupt);
  CHECK(code_of({}) == Code::corrupt);
  CHECK(code_of(ByteView(bytes).first(k_envelope_size - 1)) == Code::corrupt);
  CHECK(code_of(ByteView(bytes).first(bytes.size() - 1)) == Code::corrupt);
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  CHECK(code_of(longer) == Code::corrupt);
  for (const std::size_t at : {0U, 12U, 16U, 24U, 32U, 64U, 200U}) {
    Bytes changed = bytes;
    changed[at] ^= std::byte{1};
    CHECK(code_of(changed) == Code::corrupt);
  }
}

TEST_CASE("a payload above the bound is refused by its announced size") {
  constexpr EnvelopeKind k_small{"SLUICEXX", "thing", 1000};
  const auto opened = open_envelope(k_small, seal(k_kind, Bytes(1001)));
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == Code::corrupt);
}

TEST_CASE("a bomb is refused by its header, whatever its checksum says") {
  constexpr std::size_t k_size = 90'000;  // less than the kind allows
  const Bytes frame = codec::zstd_compress(Bytes(k_size));
  REQUIRE(frame.size() * k_payload_ratio_max < k_size);
  codec::WireWriter writer;
  writer.raw(bytes_of(k_kind.magic));
  writer.u16(k_format_version);
  writer.u16(1);  // compressed
  writer.u32(0);
  writer.u64(frame.size());
  writer.u64(k_size);
  const Bytes unsigned_yet(k_key_id_size + k_signature_size);
  Sha256 hash;
  hash.update(writer.bytes());
  hash.update(ByteView(unsigned_yet).first(k_key_id_size));
  hash.update(frame);
  writer.raw(hash.finish());
  writer.raw(unsigned_yet);
  writer.raw(frame);
  const auto opened = open_envelope(k_kind, writer.take());
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find("two sizes") != std::string::npos);
}

TEST_CASE("a signature is kept as it came") {
  Bytes bytes = seal(k_kind, body_of(1, 10));
  bytes[100] = std::byte{5};  // in the signature, which the checksum does not cover
  const auto opened = open_envelope(k_kind, bytes);
  REQUIRE(opened.has_value());
  CHECK(opened->signature.signature[100 - 72] == std::byte{5});
}

}  // namespace
}  // namespace sluice::store
