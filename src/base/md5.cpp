#include "base/md5.hpp"

#include "base/digest.hpp"

// As in digest.cpp: the old names need no configuration of OpenSSL.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include <array>

namespace sluice {

struct Md5::Context {
  MD5_CTX state;
};

Md5::Md5() : context_(std::make_unique<Context>()) { MD5_Init(&context_->state); }
Md5::~Md5() = default;

void Md5::update(ByteView bytes) { MD5_Update(&context_->state, bytes.data(), bytes.size()); }

std::string Md5::finish_hex() {
  std::array<std::byte, MD5_DIGEST_LENGTH> digest{};
  MD5_Final(reinterpret_cast<unsigned char*>(digest.data()), &context_->state);
  MD5_Init(&context_->state);
  return to_hex(digest);
}

}  // namespace sluice
