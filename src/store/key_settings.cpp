#include "store/key_settings.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::store {

namespace {

constexpr std::uint32_t k_others_bits = 077;

std::unexpected<Error> invalid_at(std::string_view place, Error error) {
  error.code = Code::invalid;
  return std::unexpected(std::move(error).in(place));
}

// Nothing when there is none, and none of ours when we may not look.
Result<std::optional<Bytes>> read_users_file(const sys::Path& file) {
  auto bytes = sys::read_file(file, k_key_file_bytes_max);
  if (!bytes && bytes.error().code == Code::denied) return std::nullopt;
  if (!bytes) return fail(Code::invalid, std::move(bytes).error().message);
  return bytes;
}

Result<SigningKey> key_in(std::string_view text, std::string_view place) {
  auto key = parse_private_key(text);
  if (!key) return invalid_at(place, std::move(key).error());
  return key;
}

Result<void> check_private(const sys::Path& file) {
  const auto info = sys::stat_file(file);
  if (!info || !*info || ((*info)->mode & k_others_bits) == 0) return {};
  return fail(Code::invalid, fmt::format("{}: others may read this private key; chmod 600 it, and "
                                         "make a new one if others could",
                                         file.native()));
}

Result<void> read_signing_key(KeySettings& settings, const sys::Environment& env) {
  if (env.has(k_signing_key_variable) && env.has(k_signing_key_file_variable)) {
    return fail(Code::invalid, fmt::format("{} and {}: both are set; one key signs",
                                           k_signing_key_variable, k_signing_key_file_variable));
  }
  if (env.has(k_signing_key_variable)) {
    settings.key_source = k_signing_key_variable;
    TRY_ASSIGN(settings.key,
               key_in(env.get_or(k_signing_key_variable, ""), k_signing_key_variable));
    return {};
  }
  if (env.has(k_signing_key_file_variable)) {
    // Its rights are those that the CI system gives to such files.
    settings.key_source = k_signing_key_file_variable;
    if (parse_private_key(env.get_or(k_signing_key_file_variable, ""))) {
      return fail(Code::invalid,
                  fmt::format("{}: this is a key, and not the name of a file with one: set {}",
                              k_signing_key_file_variable, k_signing_key_variable));
    }
    const sys::Path file = env.get_or(k_signing_key_file_variable, "");
    const auto bytes = sys::read_file(file, k_key_file_bytes_max);
    if (!bytes) return invalid_at(k_signing_key_file_variable, bytes.error());
    if (!*bytes) {
      return fail(Code::invalid, fmt::format("{}: {}: there is no such file",
                                             k_signing_key_file_variable, file.native()));
    }
    TRY_ASSIGN(settings.key, key_in(text_of(**bytes), k_signing_key_file_variable));
    return {};
  }
  const sys::Path file = signing_key_path(env);
  TRY_ASSIGN(const auto bytes, read_users_file(file));
  if (!bytes) return {};
  TRY(check_private(file));
  settings.key_source = file.native();
  TRY_ASSIGN(settings.key, key_in(text_of(*bytes), file.native()));
  return {};
}

Result<void> check_key(KeySettings& settings) {
  if (!settings.key) return {};
  const KeyId id = key_id_of(settings.key->public_key());
  if (settings.keys.is_revoked(id)) {
    return fail(Code::invalid, fmt::format("{}: the key {} is revoked: nobody believes what it "
                                           "signs; sluice key new makes another",
                                           settings.key_source, key_id_text(id)));
  }
  if (settings.keys.keys().empty()) {
    settings.keys.trust(settings.key->public_key());
    return {};
  }
  if (settings.keys.believes(id)) return {};
  return fail(Code::invalid, fmt::format("{}: the key {} is not among the trusted ones: nobody "
                                         "would believe what it signs; sluice key trust {}",
                                         settings.key_source, key_id_text(id),
                                         public_key_text(settings.key->public_key())));
}

}  // namespace

sys::Path signing_key_path(const sys::Environment& env) {
  return sys::user_config_directory(env) / "sluice/signing-key";
}

sys::Path trusted_keys_path(const sys::Environment& env) {
  return sys::user_config_directory(env) / "sluice/trusted-keys";
}

Result<Keyring> read_keyring_file(const sys::Path& file) {
  Keyring keys;
  TRY_ASSIGN(const auto bytes, read_users_file(file));
  if (!bytes) return keys;
  int number = 0;
  for (std::string_view line : split(text_of(*bytes), '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    if (auto added = keys.add_words(line); !added) {
      return invalid_at(fmt::format("{}:{}", file.native(), number), std::move(added).error());
    }
  }
  return keys;
}

Result<KeySettings> read_key_settings(const sys::Environment& env) {
  KeySettings settings;
  TRY_ASSIGN(settings.keys, read_keyring_file(trusted_keys_path(env)));
  if (auto added = settings.keys.add_words(env.get_or(k_trusted_keys_variable, "")); !added) {
    return invalid_at(k_trusted_keys_variable, std::move(added).error());
  }
  TRY(read_signing_key(settings, env));
  TRY(check_key(settings));
  return settings;
}

}  // namespace sluice::store
