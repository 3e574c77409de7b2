#include "base/digest.hpp"

// The old names of the same code: EVP first reads a configuration and makes lists of all methods
// and error texts, 0.8 ms in each of the processes that go starts through sluice.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace sluice {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  static constexpr char k_digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    text.push_back(k_digits[value >> 4U]);
    text.push_back(k_digits[value & 15U]);
  }
  return text;
}

template <class Tag>
std::string Name32<Tag>::hex() const {
  return to_hex(bytes);
}

template <class Tag>
std::string Name32<Tag>::short_hex() const {
  return to_hex(view().first(6));
}

template <class Tag>
std::optional<Name32<Tag>> Name32<Tag>::from_hex(std::string_view text) {
  if (text.size() != 2 * k_digest_size) return std::nullopt;
  Name32 name;
  for (std::size_t i = 0; i < k_digest_size; ++i) {
    const int high = nibble(text[2 * i]);
    const int low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    name.bytes[i] = static_cast<std::byte>(high * 16 + low);
  }
  return name;
}

template <class Tag>
std::optional<Name32<Tag>> Name32<Tag>::from_bytes(ByteView bytes) {
  if (bytes.size() != k_digest_size) return std::nullopt;
  Name32 name;
  std::memcpy(name.bytes.data(), bytes.data(), k_digest_size);
  return name;
}

template struct Name32<ActionTag>;
template struct Name32<BlobTag>;
template struct Name32<PackTag>;
template struct Name32<ManifestTag>;
template struct Name32<TestInputsTag>;
template struct Name32<FingerprintTag>;

// A literal, so that no code runs for it at program start (digest_test checks it).
const BlobId k_empty_blob = {{
    std::byte{0xe3}, std::byte{0xb0}, std::byte{0xc4}, std::byte{0x42}, std::byte{0x98},
    std::byte{0xfc}, std::byte{0x1c}, std::byte{0x14}, std::byte{0x9a}, std::byte{0xfb},
    std::byte{0xf4}, std::byte{0xc8}, std::byte{0x99}, std::byte{0x6f}, std::byte{0xb9},
    std::byte{0x24}, std::byte{0x27}, std::byte{0xae}, std::byte{0x41}, std::byte{0xe4},
    std::byte{0x64}, std::byte{0x9b}, std::byte{0x93}, std::byte{0x4c}, std::byte{0xa4},
    std::byte{0x95}, std::byte{0x99}, std::byte{0x1b}, std::byte{0x78}, std::byte{0x52},
    std::byte{0xb8}, std::byte{0x55},
}};

struct Sha256::Context {
  SHA256_CTX state;
  Context() { SHA256_Init(&state); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) { SHA256_Update(&context_->state, bytes.data(), bytes.size()); }

std::array<std::byte, k_digest_size> Sha256::finish() {
  std::array<std::byte, k_digest_size> digest{};
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &context_->state);
  SHA256_Init(&context_->state);
  return digest;
}

std::array<std::byte, k_digest_size> sha256(ByteView bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace sluice
