#include "codec/base64.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <utility>

using namespace sluice;
using namespace sluice::codec;

namespace {

ByteView view(const std::vector<std::uint8_t>& data) { return std::as_bytes(std::span(data)); }

Result<Bytes> decode_in_pieces(std::string_view text, std::size_t piece) {
  Base64Decoder decoder;
  Bytes out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    TRY(decoder.update(text.substr(at, piece), out));
  }
  TRY(decoder.finish());
  return out;
}

}  // namespace

TEST_CASE("base64 gives the values of RFC 4648") {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> k_vectors = {{
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff\xbf", "+/+/"},
  }};
  for (const auto& [plain, text] : k_vectors) {
    CAPTURE(plain);
    CHECK(base64_encode(bytes_of(plain)) == text);
    CHECK(base64_decode(text) == copy_of(bytes_of(plain)));
    CHECK(base64_size(plain.size()) == text.size());
  }
}

TEST_CASE("what was encoded decodes, whole, in place and in pieces of any length") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& data, std::uint8_t length) {
    const Bytes bytes = copy_of(view(data));
    const std::string text = base64_encode(bytes);
    RC_ASSERT(text.size() == base64_size(bytes.size()));
    RC_ASSERT(base64_decode(text) == bytes);
    Bytes exact(bytes.size());
    RC_ASSERT(base64_decode_exact(text, exact));
    RC_ASSERT(exact == bytes);
    const auto pieces = decode_in_pieces(text, length % 23U + 1U);
    RC_ASSERT(pieces.has_value());
    RC_ASSERT(*pieces == bytes);
  }));
}

TEST_CASE("no byte past the buffer is written") {
  for (std::size_t size = 0; size < 100; ++size) {
    const Bytes bytes(size, std::byte{0xa5});
    Bytes into(size + 8, std::byte{0x11});
    REQUIRE(base64_decode_exact(base64_encode(bytes), MutableByteView(into).first(size)));
    for (std::size_t i = size; i < into.size(); ++i) CHECK(into[i] == std::byte{0x11});
  }
}

TEST_CASE("every single wrong character is found, wherever it stands") {
  const Bytes bytes(100, std::byte{0x5a});
  const std::string good = base64_encode(bytes);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char wrong : {'-', '_', '\n', ' ', '\0', '\x80', '\xff', '='}) {
      std::string text = good;
      if (text[at] == wrong) continue;
      text[at] = wrong;
      CAPTURE(at);
      Bytes into(bytes.size());
      CHECK_FALSE(base64_decode_exact(text, into));
      CHECK_FALSE(decode_in_pieces(text, 7));
      CHECK_FALSE(decode_in_pieces(text, text.size()));
    }
  }
}

TEST_CASE("wrong lengths, padding and left-over bits are refused") {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zm9vY", "=", "==", "===", "====", "Z===", "Zg==Zg==",
                          "Zm8=Zm9v", "Zg=g", "Zh==", "Zm9=", "Zg==="}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decode(bad));
    for (std::size_t piece = 1; piece <= 8; ++piece) CHECK_FALSE(decode_in_pieces(bad, piece));
  }
}

TEST_CASE("a buffer of another size is refused") {
  Bytes into(4);
  CHECK_FALSE(base64_decode_exact("Zm9v", into));
  CHECK_FALSE(base64_decode_exact("Zm9vYg==", MutableByteView(into).first(3)));
  CHECK_FALSE(base64_decode_exact("", MutableByteView(into).first(1)));
  CHECK(base64_decode_exact("", {}));
}

TEST_CASE("a piece that fails leaves what was decoded before") {
  Base64Decoder decoder;
  Bytes out;
  REQUIRE(decoder.update("Zm9v", out));
  const auto result = decoder.update("Zm9v****", out);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::corrupt);
  CHECK(text_of(out) == "foo");
}
