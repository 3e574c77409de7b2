// Any text as the words of a ring, as a public and as a private key: refused, or a value that comes
// back from the text it is written as. Nothing that is believed was not among the words. Also as an
// envelope: no ring that signed nothing believes it.
#include "base/bytes.hpp"
#include "store/keyring.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace sluice;

void require(bool holds) {
  if (!holds) std::abort();
}

void try_ring(std::string_view text) {
  store::Keyring ring;
  if (!ring.add_words(text)) return;
  require(ring.keys().size() + ring.revoked().size() <= store::k_keyring_keys_max);
  for (const PublicKey& key : ring.keys()) {
    const auto id = store::key_id_of(key);
    require(ring.believes(id) == !ring.is_revoked(id));
    require(text.find(store::key_id_text(id)) != std::string_view::npos);
  }
  store::Keyring again;
  require(again.add_words(ring.words()).has_value());
  require(again.words() == ring.words());
  require(!ring.check(bytes_of(text)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_ring(text);
  if (const auto key = store::parse_public_key(text)) {
    require(store::public_key_text(*key) == text);
  }
  if (const auto key = store::parse_private_key(text)) {
    const auto again = store::parse_private_key(store::private_key_text(*key));
    require(again && again->public_key() == key->public_key());
  }
  return 0;
}
