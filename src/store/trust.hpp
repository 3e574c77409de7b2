// What a job believes of a store and how others shall believe it: the trust domains it reads, the
// keys that must have signed there, the key it signs with, and what it remembers of heads.
//
// A value; any thread. Where nobody has said whose signatures count (no keys), a domain is believed
// as it lies in the store. Errors are Code::untrusted.
#pragma once

#include "base/bytes.hpp"
#include "base/ed25519.hpp"
#include "base/result.hpp"
#include "store/head.hpp"
#include "store/head_memory.hpp"
#include "store/keyring.hpp"
#include "store/manifest.hpp"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::store {

struct Trust {
  Trust() = default;
  Trust(std::vector<std::string> read)  // NOLINT(google-explicit-constructor)
      : domains(std::move(read)) {}
  Trust(std::initializer_list<std::string> read) : domains(read) {}

  std::vector<std::string> domains;       // read, best first
  Keyring keys;                           // whose signatures count
  std::string unsigned_domain;            // the job's own, where it has no key to sign with
  std::shared_ptr<const SigningKey> key;  // null: what it writes is not signed
  std::shared_ptr<HeadMemory> memory;     // null: nothing is remembered

  // Whether a reader takes from this domain only what is signed.
  bool demands(std::string_view domain) const { return !keys.empty() && domain != unsigned_domain; }
};

// Signature and domain are checked before anything is decompressed or decoded.
Result<Head> believe_head(const Trust& trust, std::string_view domain, std::string_view scope_name,
                          ByteView bytes);
// Whether it is as new as the newest that was seen.
Result<void> check_not_replayed(const Trust& trust, std::string_view key, const Head& head);
Result<Manifest> believe_manifest(const Trust& trust, std::string_view domain, ByteView bytes,
                                  std::size_t records_max);
// Those of domains that demand signatures are remembered.
Result<void> remember_heads(const Trust& trust, const std::vector<const Head*>& heads);

}  // namespace sluice::store
