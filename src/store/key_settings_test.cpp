#include "store/key_settings.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

SigningKey key_of(std::uint64_t number) {
  return *SigningKey::from_seed(testing::body_of(number, 32));
}
std::string public_of(std::uint64_t number) { return public_key_text(key_of(number).public_key()); }

class Home {
 public:
  Home() { env.set("XDG_CONFIG_HOME", files_.path().native()); }
  void write(const sys::Path& file, std::string_view text, std::uint32_t mode = 0600) const {
    REQUIRE(sys::make_directories(file.parent_path()).has_value());
    REQUIRE(sys::write_file_atomic(file, bytes_of(text), mode).has_value());
  }
  KeySettings read() const {
    auto settings = read_key_settings(env);
    REQUIRE_MESSAGE(settings.has_value(), (settings ? "" : settings.error().message));
    return std::move(*settings);
  }
  std::string refused() const {
    const auto settings = read_key_settings(env);
    REQUIRE_FALSE(settings.has_value());
    CHECK(settings.error().code == Code::invalid);
    CHECK(settings.error().message.find('\n') == std::string::npos);
    return settings.error().message;
  }

  sys::Environment env;

 private:
  testing::Files files_;
};

TEST_CASE("nothing said: nobody signs and everybody is believed") {
  Home home;
  CHECK(home.read().keys.empty());
  CHECK_FALSE(home.read().key.has_value());
  // A secret that a pull request is not given is an empty variable.
  home.env.set("SLUICE_SIGNING_KEY", "");
  home.env.set("SLUICE_TRUSTED_KEYS", "");
  CHECK(home.read().keys.empty());
}

TEST_CASE("keys of variable and file are one ring") {
  Home home;
  home.env.set("SLUICE_TRUSTED_KEYS", public_of(1));
  home.write(trusted_keys_path(home.env),
             "# ours\n" + public_of(2) + "  # until June\n\nrevoked:0011223344556677\n");
  const KeySettings settings = home.read();
  CHECK(settings.keys.keys().size() == 2);
  CHECK(settings.keys.revoked().size() == 1);
  CHECK_FALSE(settings.key.has_value());
}

TEST_CASE("the private key: variable, file named by one, the user's own") {
  Home home;
  home.write(signing_key_path(home.env), private_key_text(key_of(3)));
  CHECK(home.read().key->public_key() == key_of(3).public_key());
  // Alone it is the ring.
  CHECK(home.read().keys.words() == public_of(3));
  const sys::Path file = signing_key_path(home.env).parent_path() / "other";
  home.write(file, private_key_text(key_of(2)), 0644);
  home.env.set("SLUICE_SIGNING_KEY_FILE", file.native());
  CHECK(home.read().key_source == "SLUICE_SIGNING_KEY_FILE");
  CHECK(home.read().keys.words() == public_of(2));
  home.env.set("SLUICE_SIGNING_KEY", private_key_text(key_of(1)));
  CHECK(home.refused().find("both are set") != std::string::npos);
  home.env.unset("SLUICE_SIGNING_KEY_FILE");
  CHECK(home.read().keys.words() == public_of(1));
}

TEST_CASE("a private key that others may read is refused") {
  Home home;
  home.write(signing_key_path(home.env), private_key_text(key_of(1)), 0640);
  CHECK(home.refused().find("chmod 600") != std::string::npos);
}

TEST_CASE("a key that nobody would believe does not sign") {
  Home home;
  home.env.set("SLUICE_SIGNING_KEY", private_key_text(key_of(1)));
  home.env.set("SLUICE_TRUSTED_KEYS", public_of(2));
  CHECK(home.refused().find("sluice key trust " + public_of(1)) != std::string::npos);
  home.env.set("SLUICE_TRUSTED_KEYS", public_of(2) + " " + public_of(1));
  CHECK(home.read().key.has_value());
  const std::string id = key_id_text(key_id_of(key_of(1).public_key()));
  home.env.set("SLUICE_TRUSTED_KEYS", public_of(1) + " revoked:" + id);
  CHECK(home.refused().find("is revoked") != std::string::npos);
}

TEST_CASE("what is written wrongly names its place and no secret") {
  Home home;
  home.env.set("SLUICE_SIGNING_KEY", "geheim");
  CHECK(home.refused().starts_with("SLUICE_SIGNING_KEY: "));
  CHECK(home.refused().find("geheim") == std::string::npos);
  home.env.unset("SLUICE_SIGNING_KEY");
  home.env.set("SLUICE_SIGNING_KEY_FILE", "/nowhere/at/all");
  CHECK(home.refused().find("there is no such file") != std::string::npos);
  const std::string key = private_key_text(*SigningKey::from_seed(Bytes(32, std::byte{1})));
  home.env.set("SLUICE_SIGNING_KEY_FILE", key);
  CHECK(home.refused().ends_with("set SLUICE_SIGNING_KEY"));
  home.env.unset("SLUICE_SIGNING_KEY_FILE");
  home.write(trusted_keys_path(home.env), "# fine\nnonsense\n");
  CHECK(home.refused().find("trusted-keys:2: ") != std::string::npos);
}

}  // namespace
}  // namespace sluice::store
