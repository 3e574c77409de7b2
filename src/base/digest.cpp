#include "base/digest.hpp"

#include <openssl/evp.h>

#include <cstdlib>

namespace sluice {
namespace {

// Fetched once: an implicit fetch costs four times the hash of 32 bytes.
const EVP_MD* sha256_method() {
  static const EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (method == nullptr) std::abort();  // an OpenSSL without SHA-256: nothing can work
  return method;
}

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
  EVP_MD_CTX* handle = EVP_MD_CTX_new();
  Context() {
    if (handle == nullptr) std::abort();  // out of memory
    EVP_DigestInit_ex2(handle, sha256_method(), nullptr);
  }
  ~Context() { EVP_MD_CTX_free(handle); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
  EVP_DigestUpdate(context_->handle, bytes.data(), bytes.size());
}

std::array<std::byte, k_digest_size> Sha256::finish() {
  std::array<std::byte, k_digest_size> digest{};
  EVP_DigestFinal_ex(context_->handle, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  EVP_DigestInit_ex2(context_->handle, nullptr, nullptr);
  return digest;
}

std::array<std::byte, k_digest_size> sha256(ByteView bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace sluice
