// Whose signatures are believed: public keys, and the ids of those that never are again.
//
// A value; any thread. Texts of people are refused with Code::invalid and one clear line; what is
// not signed by a key of the ring is Code::untrusted. Format: docs/formats/keys.md.
#pragma once

#include "base/bytes.hpp"
#include "base/ed25519.hpp"
#include "base/result.hpp"
#include "store/envelope.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_keyring_keys_max = 256;

// The first eight bytes of the SHA-256 of the public key.
KeyId key_id_of(const PublicKey& key);
std::string key_id_text(const KeyId& id);  // 16 hex digits
std::optional<KeyId> parse_key_id(std::string_view text);

// "<id>:<base64 of the public key>": the line that is shared.
std::string public_key_text(const PublicKey& key);
Result<PublicKey> parse_public_key(std::string_view text);

// PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
std::string private_key_text(const SigningKey& key);
// The same, also without its line breaks or frame; or the base64 of the 32 bytes alone. The message
// never holds any of it.
Result<SigningKey> parse_private_key(std::string_view text);

class Keyring {
 public:
  void trust(const PublicKey& key);  // one that is there already stays where it is
  void revoke(const KeyId& id);      // whatever else says that it is trusted
  // Nobody has said whom to believe: then everybody is.
  bool empty() const { return keys_.empty() && revoked_.empty(); }

  const std::vector<PublicKey>& keys() const { return keys_; }  // revoked ones too
  const std::vector<KeyId>& revoked() const { return revoked_; }
  bool is_revoked(const KeyId& id) const;
  bool believes(const KeyId& id) const;  // trusted and not revoked

  // Code::untrusted unless the envelope says that one of these keys signed it and that is true. It
  // looks at the header alone: whether the checksum there is that of the content is for
  // open_envelope, and both together are the proof.
  Result<void> check(ByteView envelope) const;

  // Words separated by blanks, line breaks or commas: public keys and `revoked:ID`.
  Result<void> add_words(std::string_view text);
  // All of it as such words, in one order whatever the order of adding.
  std::string words() const;

 private:
  std::vector<PublicKey> keys_;
  std::vector<KeyId> revoked_;
};

}  // namespace sluice::store
