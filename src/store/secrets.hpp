// Which variables of the environment decide whose rights a store gives and who signs, and which of
// them are secrets: those reach the agent and nothing else that sluice starts.
//
// Pure functions; any thread; they give no error.
#pragma once

#include "base/bytes.hpp"
#include "base/ed25519.hpp"
#include "store/store_url.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

// The same text for the same credentials, endpoint and roots; empty for a folder. A digest, from
// which no secret can be read: agents are keyed by it, so that none works with another's rights.
std::string credential_identity(const StoreUrl& url, const sys::Environment& env);

// The environment without keys and tokens, for the agent's own and for what it starts.
sys::Environment without_secrets(sys::Environment env);
// What go, its tests and other commands of the user do not get: the key that signs and, unless they
// are kept, the credentials of this store. What belongs to other stores is not ours to take.
std::vector<std::string_view> secret_names_of(const StoreUrl& url, bool keep_credentials);

inline constexpr std::size_t k_secrets_bytes_max = 256U << 10U;
// The secrets of an environment as bytes ("NAME=value" and a zero each), and back into one.
Bytes pack_secrets(const sys::Environment& env);
void add_secrets(sys::Environment& env, ByteView packed);

// Which agent a key belongs to: a digest that nobody makes who does not have it.
std::string signer_proof(const SigningKey& key);

}  // namespace sluice::store
