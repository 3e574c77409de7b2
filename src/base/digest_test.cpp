#include "base/digest.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

using namespace sluice;

TEST_CASE("SHA-256 gives the values of FIPS 180-2") {
  CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256(bytes_of("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(bytes_of(std::string(1'000'000, 'a')))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the name of the empty blob is the hash of nothing") {
  CHECK(k_empty_blob == sha256_as<BlobId>({}));
}

TEST_CASE("the way in which bytes are cut into pieces does not matter, and a hasher starts over") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& data, std::size_t cut) {
    const ByteView bytes = std::as_bytes(std::span(data));
    const std::size_t at = cut % (bytes.size() + 1);
    Sha256 hasher;
    hasher.update(bytes_of("what came before"));
    static_cast<void>(hasher.finish());
    hasher.update(bytes.first(at));
    hasher.update(bytes.subspan(at));
    RC_ASSERT(hasher.finish() == sha256(bytes));
  }));
}

TEST_CASE("a hasher can be moved while it works") {
  Sha256 first;
  first.update(bytes_of("ab"));
  Sha256 second = std::move(first);
  second.update(bytes_of("c"));
  CHECK(second.finish_as<BlobId>() == sha256_as<BlobId>(bytes_of("abc")));
}

TEST_CASE("names and hex are the same thing") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& data) {
    const auto name = sha256_as<ActionId>(std::as_bytes(std::span(data)));
    RC_ASSERT(ActionId::from_hex(name.hex()) == name);
    RC_ASSERT(ActionId::from_bytes(name.view()) == name);
    RC_ASSERT(name.hex().starts_with(name.short_hex()));
  }));
}

TEST_CASE("only 64 lower-case hexadecimal digits are a name") {
  const std::string good = k_empty_blob.hex();
  CHECK(BlobId::from_hex(good));
  CHECK_FALSE(BlobId::from_hex(""));
  CHECK_FALSE(BlobId::from_hex(good.substr(1)));
  CHECK_FALSE(BlobId::from_hex(good + "0"));
  std::string upper = good;
  upper[0] = 'E';
  CHECK_FALSE(BlobId::from_hex(upper));
  for (const char bad : {'g', ' ', '/', ':', '`', '\0'}) {
    std::string text = good;
    text[63] = bad;
    CHECK_FALSE(BlobId::from_hex(text));
  }
}

TEST_CASE("only 32 bytes are a name") {
  const Bytes bytes(33);
  CHECK(BlobId::from_bytes(ByteView(bytes).first(32)));
  CHECK_FALSE(BlobId::from_bytes(ByteView(bytes).first(31)));
  CHECK_FALSE(BlobId::from_bytes(bytes));
}

TEST_CASE("names order as their hex does and serve as keys") {
  const auto a = sha256_as<BlobId>(bytes_of("a"));
  const auto b = sha256_as<BlobId>(bytes_of("b"));
  CHECK((a < b) == (a.hex() < b.hex()));
  const std::unordered_set<BlobId> set = {a, b, a};
  CHECK(set.size() == 2);
}
