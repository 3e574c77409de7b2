#include "base/ed25519.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

namespace sluice {

namespace {

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* raw(MutableByteView bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// A file of the machine's OpenSSL may ask for engines and providers that are not in this binary.
void begin() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

Key private_key(ByteView seed) {
  begin();
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
}

std::unexpected<Error> failed(std::string_view what) {
  return fail(Code::io, "Ed25519: " + std::string(what) + " failed");
}

}  // namespace

SigningKey::~SigningKey() { OPENSSL_cleanse(seed_.data(), seed_.size()); }

Result<SigningKey> SigningKey::from_seed(ByteView seed) {
  if (seed.size() != k_ed25519_key_size) {
    return fail(Code::invalid, "an Ed25519 private key has 32 bytes");
  }
  SigningKey key;
  std::ranges::copy(seed, key.seed_.begin());
  const Key whole = private_key(seed);
  std::size_t size = key.public_.size();
  if (!whole ||
      EVP_PKEY_get_raw_public_key(whole.get(), raw(MutableByteView(key.public_)), &size) != 1) {
    return failed("making the public key");
  }
  return key;
}

Result<SigningKey> SigningKey::generate() {
  begin();
  std::array<std::byte, k_ed25519_key_size> seed{};
  const int size = static_cast<int>(seed.size());
  if (RAND_priv_bytes(raw(MutableByteView(seed)), size) != 1) return failed("drawing a key");
  auto key = from_seed(seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  return key;
}

Result<Ed25519Signature> SigningKey::sign(ByteView message) const {
  const Key key = private_key(seed_);
  const Context context(EVP_MD_CTX_new());
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  if (!key || !context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), raw(MutableByteView(signature)), &size, raw(message),
                     message.size()) != 1) {
    return failed("signing");
  }
  return signature;
}

bool verify_ed25519(const PublicKey& key, ByteView message, const Ed25519Signature& signature) {
  begin();
  const Key whole(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(ByteView(key)), key.size()));
  const Context context(EVP_MD_CTX_new());
  return whole && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, whole.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw(ByteView(signature)), signature.size(), raw(message),
                          message.size()) == 1;
}

}  // namespace sluice
