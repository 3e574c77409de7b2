// Ed25519 signatures (RFC 8032): who holds a private key signs, who knows the public one checks.
//
// A SigningKey owns its secret and overwrites it when it goes; it may be used by several threads at
// once. Verifying is pure: any thread. Errors of the library (memory, a processor that fails its
// self-test) are Code::io. The arithmetic is OpenSSL's.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <array>
#include <cstddef>

namespace sluice {

inline constexpr std::size_t k_ed25519_key_size = 32;  // the seed, and the public key
inline constexpr std::size_t k_ed25519_signature_size = 64;
using PublicKey = std::array<std::byte, k_ed25519_key_size>;
using Ed25519Signature = std::array<std::byte, k_ed25519_signature_size>;

class SigningKey {
 public:
  // Of the 32 bytes that RFC 8032 calls the private key.
  static Result<SigningKey> from_seed(ByteView seed);
  static Result<SigningKey> generate();
  ~SigningKey();
  SigningKey(const SigningKey&) = default;
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(const SigningKey&) = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;

  const PublicKey& public_key() const { return public_; }
  ByteView seed() const { return seed_; }
  Result<Ed25519Signature> sign(ByteView message) const;

 private:
  SigningKey() = default;

  std::array<std::byte, k_ed25519_key_size> seed_{};
  PublicKey public_{};
};

bool verify_ed25519(const PublicKey& key, ByteView message, const Ed25519Signature& signature);

}  // namespace sluice
