#include "store/keyring.hpp"

#include "codec/base64.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

constexpr EnvelopeKind k_kind{"SLUICEXX", "thing", 100'000};

SigningKey key_of(std::uint64_t number) {
  return *SigningKey::from_seed(testing::body_of(number, 32));
}

Bytes signed_by(const SigningKey& key) {
  return *seal_signed(k_kind, bytes_of("the payload"), &key);
}

Keyring ring_of(const SigningKey& key) {
  Keyring keys;
  keys.trust(key.public_key());
  return keys;
}

TEST_CASE("what a trusted key has signed is believed, and is what it was") {
  const SigningKey key = key_of(1);
  const Bytes bytes = signed_by(key);
  CHECK(ring_of(key).check(bytes).has_value());
  const auto opened = open_envelope(k_kind, bytes);
  REQUIRE(opened.has_value());
  CHECK(text_of(opened->payload) == "the payload");
  CHECK(opened->signature.key_id == key_id_of(key.public_key()));
  CHECK(opened->signature == signature_in(bytes));
  // Without a key it is as it always was.
  CHECK(*seal_signed(k_kind, bytes_of("x"), nullptr) == seal(k_kind, bytes_of("x")));
}

TEST_CASE("every changed bit is noticed, by the signature or by the checksum") {
  const SigningKey key = key_of(1);
  const Bytes bytes = signed_by(key);
  const Keyring keys = ring_of(key);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= std::byte{4};
    const bool believed = keys.check(changed).has_value() && open_envelope(k_kind, changed);
    CHECK_MESSAGE(!believed, at);
  }
}

TEST_CASE("a private key among the words of a ring is not told") {
  const std::string text = private_key_text(key_of(1));
  const std::string body = text.substr(text.find('\n') + 1, 64);
  for (const std::string& words : {body, "revoked:" + body, key_id_text({}) + ":" + body}) {
    const auto added = Keyring().add_words(words);
    REQUIRE_FALSE(added);
    CHECK(added.error().message.find(body.substr(0, 20)) == std::string::npos);
  }
}

TEST_CASE("unsigned, foreign, revoked, forged: each has its reason") {
  const SigningKey key = key_of(1);
  const auto reason = [](const Keyring& keys, ByteView bytes) {
    const auto checked = keys.check(bytes);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Code::untrusted);
    return checked.error().message;
  };
  const Keyring keys = ring_of(key);
  CHECK(reason(keys, seal(k_kind, {})) == "it is not signed");
  CHECK(reason(keys, signed_by(key_of(2))).ends_with("which is not trusted here"));
  Keyring after = keys;
  after.revoke(key_id_of(key.public_key()));
  CHECK(reason(after, signed_by(key)).ends_with("which is revoked"));
  after.trust(key.public_key());  // never again
  CHECK(reason(after, signed_by(key)).ends_with("which is revoked"));
  CHECK_FALSE(after.empty());
  // Its id over the signature of somebody else.
  Bytes forged = signed_by(key_of(2));
  const KeyId id = key_id_of(key.public_key());
  std::ranges::copy(id, forged.begin() + 64);
  CHECK(reason(keys, forged).ends_with("which is not so"));
  CHECK(keys.check(ByteView(forged).first(100)).error().code == Code::corrupt);
}

TEST_CASE("a signature of one kind is none of another") {
  const SigningKey key = key_of(1);
  Bytes bytes = signed_by(key);
  bytes[6] = std::byte{'Y'};
  CHECK(ring_of(key).check(bytes).has_value());  // the header alone says nothing of it
  CHECK_FALSE(open_envelope({"SLUICEYX", "other", 100'000}, bytes).has_value());
}

TEST_CASE("a retired key keeps what it signed") {
  Keyring keys = ring_of(key_of(1));
  keys.trust(key_of(2).public_key());
  CHECK(keys.check(signed_by(key_of(1))).has_value());
  CHECK(keys.check(signed_by(key_of(2))).has_value());
}

TEST_CASE("public keys are written and read, and a mistyped one is found out") {
  const SigningKey key = key_of(1);
  const std::string text = public_key_text(key.public_key());
  CHECK(text.size() == 16 + 1 + 44);
  CHECK(*parse_public_key(text) == key.public_key());
  const std::string other = public_key_text(key_of(2).public_key());
  const auto mixed = parse_public_key(text.substr(0, 17) + other.substr(17));
  REQUIRE_FALSE(mixed.has_value());
  CHECK(mixed.error().message.find("another one's") != std::string::npos);
  for (const std::string& wrong : {std::string(), text.substr(17), text.substr(0, 16),
                                   text.substr(0, 50), text + "A", "x" + text}) {
    CHECK(parse_public_key(wrong).error().code == Code::invalid);
  }
}

TEST_CASE("private keys come as PEM, as one line, and as the bytes alone") {
  const SigningKey key = key_of(1);
  const std::string pem = private_key_text(key);
  CHECK(pem.starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"));
  std::string spelt;
  std::string flat;
  for (const char c : pem) {
    spelt += c == '\n' ? "\\n" : std::string(1, c);
    flat += c == '\n' ? ' ' : c;
  }
  for (const std::string& text :
       {pem, spelt, flat, "\n" + pem + "\n", codec::base64_encode(key.seed())}) {
    const auto read = parse_private_key(text);
    REQUIRE_MESSAGE(read.has_value(), text);
    CHECK(read->public_key() == key.public_key());
  }
  const std::string cut = pem.substr(0, pem.size() - 30);
  const std::string rsa = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
  for (const std::string& wrong : {std::string(), std::string("secret"), cut, rsa,
                                   std::string(5000, 'A'), codec::base64_encode(Bytes(31))}) {
    const auto read = parse_private_key(wrong);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Code::invalid);
    CHECK(read.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("words of a ring") {
  const std::string one = public_key_text(key_of(1).public_key());
  const std::string two = public_key_text(key_of(2).public_key());
  Keyring keys;
  REQUIRE(keys.add_words(" " + one + ",\n" + two + " revoked:0011223344556677 " + one).has_value());
  CHECK(keys.keys().size() == 2);
  CHECK(keys.revoked().size() == 1);
  Keyring again;
  REQUIRE(again.add_words(keys.words()).has_value());
  CHECK(again.words() == keys.words());
  CHECK(Keyring().words().empty());
  CHECK(Keyring().add_words("revoked:xyz").error().code == Code::invalid);
  CHECK(Keyring().add_words(one.substr(1)).error().code == Code::invalid);
  std::string many;
  for (std::uint64_t i = 0; i < 300; ++i) many += public_key_text(key_of(i).public_key()) + " ";
  CHECK(Keyring().add_words(many).error().code == Code::invalid);
}

}  // namespace
}  // namespace sluice::store
