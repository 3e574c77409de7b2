#include "base/ed25519.hpp"

#include "base/digest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice {
namespace {

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return bytes;
}

struct Vector {
  std::string_view seed;
  std::string_view public_key;
  std::string message;
  std::string_view signature;
};

// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
const std::vector<Vector> k_vectors = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "bbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "0303dca179c138ac17ad9bef1177331a704"},
};

TEST_CASE("the vectors of RFC 8032") {
  for (const Vector& vector : k_vectors) {
    const auto key = SigningKey::from_seed(from_hex(vector.seed));
    REQUIRE(key.has_value());
    CHECK(to_hex(key->public_key()) == vector.public_key);
    const Bytes message = from_hex(vector.message);
    const auto signature = key->sign(message);
    REQUIRE(signature.has_value());
    CHECK(to_hex(*signature) == vector.signature);
    CHECK(verify_ed25519(key->public_key(), message, *signature));
  }
}

TEST_CASE("another message, another key, another signature") {
  const SigningKey one = *SigningKey::from_seed(from_hex(k_vectors[0].seed));
  const SigningKey two = *SigningKey::generate();
  CHECK(two.public_key() != SigningKey::generate()->public_key());
  const Bytes message = from_hex("0102");
  Ed25519Signature signature = *one.sign(message);
  CHECK_FALSE(verify_ed25519(two.public_key(), message, signature));
  CHECK_FALSE(verify_ed25519(one.public_key(), from_hex("0103"), signature));
  for (const std::size_t at : {0U, 31U, 32U, 63U}) {
    Ed25519Signature changed = signature;
    changed[at] ^= std::byte{1};
    CHECK_FALSE(verify_ed25519(one.public_key(), message, changed));
  }
  CHECK_FALSE(verify_ed25519(one.public_key(), message, Ed25519Signature{}));
}

TEST_CASE("a signature with an order too large is none") {
  // s + L is the same point equation and another spelling: RFC 8032 5.1.7 refuses it.
  const SigningKey key = *SigningKey::from_seed(from_hex(k_vectors[1].seed));
  const Bytes message = from_hex("72");
  Ed25519Signature signature = *key.sign(message);
  const Bytes order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry & 255U);
    carry >>= 8U;
  }
  CHECK_FALSE(verify_ed25519(key.public_key(), message, signature));
}

TEST_CASE("a seed of another length is refused") {
  CHECK(SigningKey::from_seed({}).error().code == Code::invalid);
  CHECK(SigningKey::from_seed(Bytes(33)).error().code == Code::invalid);
}

}  // namespace
}  // namespace sluice
