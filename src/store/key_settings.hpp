// Where keys come from: the environment and files of the user's configuration, never a checkout.
//
// Reads files and changes nothing; any thread. What a person wrote wrongly is Code::invalid with
// one line that names the place and holds no secret; a directory that this user may not enter (HOME
// of somebody else) says nothing. Format: docs/formats/keys.md.
#pragma once

#include "base/result.hpp"
#include "store/keyring.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr std::uint64_t k_key_file_bytes_max = 64U << 10U;
inline constexpr std::string_view k_signing_key_variable = "SLUICE_SIGNING_KEY";
inline constexpr std::string_view k_signing_key_file_variable = "SLUICE_SIGNING_KEY_FILE";
inline constexpr std::string_view k_trusted_keys_variable = "SLUICE_TRUSTED_KEYS";

sys::Path signing_key_path(const sys::Environment& env);   // of the user's configuration
sys::Path trusted_keys_path(const sys::Environment& env);  // likewise

struct KeySettings {
  Keyring keys;                   // of variable and file together
  std::optional<SigningKey> key;  // what this job signs with
  std::string key_source;         // where that is from, for messages
};
// Refuses a key to sign with that is revoked, or that is not in the ring where there is one: nobody
// would believe it. Where there is none the key alone is the ring. An empty variable counts as
// unset, since that is what a pull request is given for a secret.
Result<KeySettings> read_key_settings(const sys::Environment& env);
// Only the ring as it is written, for the command that changes it.
Result<Keyring> read_keyring_file(const sys::Path& file);

}  // namespace sluice::store
