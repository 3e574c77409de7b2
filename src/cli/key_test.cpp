#include "cli/key.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::cli {
namespace {

SigningKey key_of(int number) {
  return *SigningKey::from_seed(Bytes(32, static_cast<std::byte>(number)));
}

TEST_CASE("each key with what it is believed for") {
  store::KeySettings settings;
  CHECK(keys_text(settings) == "no keys: whatever lies in the store is believed\n");
  for (const int number : {1, 2, 3}) settings.keys.trust(key_of(number).public_key());
  settings.keys.revoke(store::key_id_of(key_of(2).public_key()));
  settings.keys.revoke(*store::parse_key_id("0011223344556677"));
  settings.key = key_of(3);
  settings.key_source = "SLUICE_SIGNING_KEY";
  const auto line = [](int number) { return store::public_key_text(key_of(number).public_key()); };
  CHECK(keys_text(settings) == "trusted " + line(1) + "\nrevoked " + line(2) + "\nsigns   " +
                                   line(3) + "\nrevoked 0011223344556677\n");
  const auto json = codec::parse_json(keys_json(settings));
  REQUIRE(json.has_value());
  CHECK(json->text_or("signs_from", "") == "SLUICE_SIGNING_KEY");
  CHECK(json->find("keys")->as_array()->size() == 4);
}

}  // namespace
}  // namespace sluice::cli
