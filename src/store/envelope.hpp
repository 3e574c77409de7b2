// The frame around everything sluice writes that is not a blob: what it is, its version, sizes, a
// checksum, room for a signature, and the payload, compressed or not. docs/formats/remote.md.
//
// Pure functions on memory: any thread. Errors: Code::corrupt for bytes that are not what they
// claim, Code::unsupported for a version or flag this program does not know; the caller says which
// object.
#pragma once

#include "base/bytes.hpp"
#include "base/ed25519.hpp"
#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::store {

inline constexpr std::uint16_t k_format_version = 1;
inline constexpr std::size_t k_envelope_size = 136;  // before the payload
// A payload decodes to at most this many times its stored size: hashes do not compress, so honest
// ones stay below 20, and a bomb is refused by its header.
inline constexpr std::uint64_t k_payload_ratio_max = 256;
inline constexpr std::size_t k_magic_size = 8;
inline constexpr std::size_t k_key_id_size = 8;
inline constexpr std::size_t k_signature_size = k_ed25519_signature_size;
using KeyId = std::array<std::byte, k_key_id_size>;

// Room for an Ed25519 signature; all zero: unsigned.
struct Signature {
  KeyId key_id{};
  Ed25519Signature signature{};

  bool is_signed() const { return key_id != KeyId{}; }
  bool operator==(const Signature&) const = default;
};

// A kind of enveloped thing: eight bytes of magic and how messages call it.
struct EnvelopeKind {
  std::string_view magic;
  std::string_view what;
  std::uint64_t raw_size_max;
};

Bytes seal(const EnvelopeKind& kind, ByteView payload);
// Signed; a null pointer leaves it unsigned. Errors are those of SigningKey.
Result<Bytes> seal_signed(const EnvelopeKind& kind, ByteView payload, const SigningKey* key);

// Of at least k_envelope_size bytes: what they say, unchecked, and what a signature signs.
Signature signature_in(ByteView envelope);
Bytes signed_text(ByteView envelope);

struct Opened {
  Bytes payload;
  Signature signature;
};
// `bytes` must be exactly one envelope. Whether its signature is right is for Keyring::check.
Result<Opened> open_envelope(const EnvelopeKind& kind, ByteView bytes);

}  // namespace sluice::store
