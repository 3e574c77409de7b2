#include "store/keyring.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "codec/base64.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace sluice::store {

namespace {

constexpr std::string_view k_revoked = "revoked:";
constexpr std::string_view k_pem_begin = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view k_pem_end = "-----END PRIVATE KEY-----";
constexpr std::size_t k_pem_line = 64;
constexpr std::size_t k_private_text_max = 4096;
// Of a word that is none: it may be a private key in the wrong place.
constexpr std::size_t k_word_shown = 8;

// RFC 8410: version 0, the algorithm 1.3.101.112, and an octet string in an octet string.
constexpr std::array<unsigned char, 16> k_pkcs8 = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                                   0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

ByteView pkcs8_prefix() { return std::as_bytes(std::span(k_pkcs8)); }

bool is_separator(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ','; }

std::unexpected<Error> invalid(std::string why) { return fail(Code::invalid, std::move(why)); }

std::unexpected<Error> no_private_key() {
  return invalid(
      "it holds no Ed25519 private key: PKCS#8 in PEM as `sluice key new` writes it, or the base64 "
      "of its 32 bytes");
}

std::unexpected<Error> untrusted(std::string why) { return fail(Code::untrusted, std::move(why)); }

}  // namespace

KeyId key_id_of(const PublicKey& key) {
  const auto digest = sha256(key);
  KeyId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

std::string key_id_text(const KeyId& id) { return to_hex(id); }

std::optional<KeyId> parse_key_id(std::string_view text) {
  // As the beginning of a longer name: one parser of hex digits.
  if (text.size() != 2 * k_key_id_size) return std::nullopt;
  const auto padded = BlobId::from_hex(std::string(text) + std::string(48, '0'));
  if (!padded) return std::nullopt;
  KeyId id{};
  std::copy_n(padded->bytes.begin(), id.size(), id.begin());
  return id;
}

std::string public_key_text(const PublicKey& key) {
  return key_id_text(key_id_of(key)) + ":" + codec::base64_encode(key);
}

Result<PublicKey> parse_public_key(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto id = parse_key_id(text.substr(0, colon));
  PublicKey key{};
  if (!id || colon == std::string_view::npos ||
      !codec::base64_decode_exact(text.substr(colon + 1), key)) {
    return invalid(fmt::format("\"{}\" is no public key: ID:BASE64 as `sluice key new` prints it",
                               printable(text, k_word_shown)));
  }
  if (key_id_of(key) != *id) {
    return invalid(
        fmt::format("the id {} is not that of the key after it, which is {}: a part of "
                    "the line is another one's",
                    key_id_text(*id), key_id_text(key_id_of(key))));
  }
  return key;
}

std::string private_key_text(const SigningKey& key) {
  Bytes der = copy_of(pkcs8_prefix());
  append(der, key.seed());
  const std::string body = codec::base64_encode(der);
  std::string text = std::string(k_pem_begin) + "\n";
  for (std::size_t at = 0; at < body.size(); at += k_pem_line) {
    text += body.substr(at, k_pem_line) + "\n";
  }
  return text + std::string(k_pem_end) + "\n";
}

Result<SigningKey> parse_private_key(std::string_view text) {
  if (text.size() > k_private_text_max) return no_private_key();
  // Secrets are kept as one line in places, with the breaks spelt out.
  std::string plain(text);
  for (std::size_t at = 0; (at = plain.find("\\n", at)) != std::string::npos;) {
    plain.replace(at, 2, "\n");
  }
  text = trim(plain);
  if (text.starts_with(k_pem_begin)) {
    if (!text.ends_with(k_pem_end)) return no_private_key();
    text.remove_prefix(k_pem_begin.size());
    text.remove_suffix(k_pem_end.size());
  }
  std::string body;
  std::ranges::copy_if(text, std::back_inserter(body), [](char c) { return !is_separator(c); });
  const auto bytes = codec::base64_decode(body);
  if (!bytes) return no_private_key();
  ByteView seed = *bytes;
  if (seed.size() == k_pkcs8.size() + k_ed25519_key_size &&
      std::ranges::equal(seed.first(k_pkcs8.size()), pkcs8_prefix())) {
    seed = seed.subspan(k_pkcs8.size());
  }
  if (seed.size() != k_ed25519_key_size) return no_private_key();
  return SigningKey::from_seed(seed);
}

void Keyring::trust(const PublicKey& key) {
  if (std::ranges::find(keys_, key) == keys_.end()) keys_.push_back(key);
}

void Keyring::revoke(const KeyId& id) {
  if (!is_revoked(id)) revoked_.push_back(id);
}

bool Keyring::is_revoked(const KeyId& id) const {
  return std::ranges::find(revoked_, id) != revoked_.end();
}

bool Keyring::believes(const KeyId& id) const {
  return !is_revoked(id) &&
         std::ranges::any_of(keys_, [&](const PublicKey& key) { return key_id_of(key) == id; });
}

Result<void> Keyring::check(ByteView envelope) const {
  if (envelope.size() < k_envelope_size) return fail(Code::corrupt, "shorter than a header");
  const Signature signature = signature_in(envelope);
  if (!signature.is_signed()) return untrusted("it is not signed");
  if (is_revoked(signature.key_id)) {
    return untrusted(
        fmt::format("it is signed by {}, which is revoked", key_id_text(signature.key_id)));
  }
  const auto key = std::ranges::find(keys_, signature.key_id, key_id_of);
  if (key == keys_.end()) {
    return untrusted(fmt::format("it is signed by {}, which is not trusted here",
                                 key_id_text(signature.key_id)));
  }
  if (!verify_ed25519(*key, signed_text(envelope), signature.signature)) {
    return untrusted(
        fmt::format("it says that {} signed it, which is not so", key_id_text(signature.key_id)));
  }
  return {};
}

Result<void> Keyring::add_words(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_separator(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && !is_separator(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    at = end;
    if (keys_.size() + revoked_.size() >= k_keyring_keys_max) {
      return invalid(fmt::format("more than {} keys", k_keyring_keys_max));
    }
    if (word.starts_with(k_revoked)) {
      const auto id = parse_key_id(word.substr(k_revoked.size()));
      if (!id) {
        return invalid(fmt::format("\"{}\" names no key: 16 digits of 0-9 and a-f after revoked:",
                                   printable(word, k_revoked.size() + k_word_shown)));
      }
      revoke(*id);
    } else {
      TRY_ASSIGN(const PublicKey key, parse_public_key(word));
      trust(key);
    }
  }
  return {};
}

std::string Keyring::words() const {
  std::vector<std::string> words;
  for (const PublicKey& key : keys_) words.push_back(public_key_text(key));
  for (const KeyId& id : revoked_) words.push_back(std::string(k_revoked) + key_id_text(id));
  std::ranges::sort(words);
  return join(words, " ");
}

}  // namespace sluice::store
