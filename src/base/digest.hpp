// SHA-256, and the 32-byte names made of it.
//
// Every blob is named by the SHA-256 of its bytes; actions, packs and manifests have 32-byte names
// of their own types, so that one cannot be passed for another. Values: any thread. A Sha256
// belongs to one thread at a time. The hash is OpenSSL's.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::size_t k_digest_size = 32;

template <class Tag>
struct Name32 {
  std::array<std::byte, k_digest_size> bytes{};

  auto operator<=>(const Name32&) const = default;
  ByteView view() const { return bytes; }
  std::string hex() const;        // 64 lower-case characters
  std::string short_hex() const;  // the first 12, for messages

  static std::optional<Name32> from_hex(std::string_view text);  // exactly 64 lower-case hex digits
  static std::optional<Name32> from_bytes(ByteView bytes);       // exactly 32 bytes
};

struct ActionTag;
struct BlobTag;
struct PackTag;
struct ManifestTag;
struct TestInputsTag;
struct FingerprintTag;
using ActionId = Name32<ActionTag>;      // Go's ActionID: names the inputs of a step
using BlobId = Name32<BlobTag>;          // SHA-256 of the bytes; Go's OutputID
using PackId = Name32<PackTag>;          // SHA-256 of a pack object
using ManifestId = Name32<ManifestTag>;  // SHA-256 of a manifest object
using TestInputsId =
    Name32<TestInputsTag>;  // Go's testInputsID: times and modes of what a test read
using Fingerprint = Name32<FingerprintTag>;  // the contents of it (gotool/testlog_keys.hpp)

extern template struct Name32<ActionTag>;
extern template struct Name32<BlobTag>;
extern template struct Name32<PackTag>;
extern template struct Name32<ManifestTag>;
extern template struct Name32<TestInputsTag>;
extern template struct Name32<FingerprintTag>;

// SHA-256 of nothing: the name of the empty blob, which is never stored.
extern const BlobId k_empty_blob;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteView bytes);
  // The digest of all bytes so far; the object starts over.
  std::array<std::byte, k_digest_size> finish();

  template <class Name>
  Name finish_as() {
    return Name{finish()};
  }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::array<std::byte, k_digest_size> sha256(ByteView bytes);

template <class Name>
Name sha256_as(ByteView bytes) {
  return Name{sha256(bytes)};
}

std::string to_hex(ByteView bytes);

}  // namespace sluice

template <class Tag>
struct std::hash<sluice::Name32<Tag>> {
  // The name is a hash already: eight of its bytes are enough.
  std::size_t operator()(const sluice::Name32<Tag>& name) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, name.bytes.data(), sizeof value);
    return value;
  }
};
