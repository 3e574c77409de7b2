#include "codec/zip.hpp"

#include <doctest/doctest.h>

namespace sluice::codec {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

Bytes zip_of(const Files& files) {
  Bytes bytes;
  ZipWriter writer([&bytes](ByteView piece) -> Result<void> {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return {};
  });
  for (const auto& [name, content] : files) {
    REQUIRE(writer.begin(name, content.size()));
    const std::size_t half = content.size() / 2;
    REQUIRE(writer.write(bytes_of(content).first(half)));
    REQUIRE(writer.write(bytes_of(content).subspan(half)));
  }
  REQUIRE(writer.finish());
  return bytes;
}

std::uint64_t size_of(const Files& files) {
  std::vector<std::pair<std::string, std::uint64_t>> sizes;
  for (const auto& [name, content] : files) sizes.emplace_back(name, content.size());
  return zip_size(sizes).value();
}

}  // namespace

// What other readers make of it: Python's zipfile in tests/integration, go itself there too.
TEST_CASE("zip: the bytes of one file, as the format says") {
  const Bytes zip = zip_of({{"a/b", "123456789"}});
  const std::string_view text = text_of(zip);
  CHECK(text.starts_with("PK\x03\x04"));
  // The check value of CRC-32: https://reveng.sourceforge.io/crc-catalogue (CRC-32/ISO-HDLC).
  CHECK(text.find("123456789PK\x07\x08\x26\x39\xF4\xCB") != std::string_view::npos);
  CHECK(text.substr(text.size() - 22).starts_with("PK\x05\x06"));
  CHECK(text.find("a/b") == 30);
}

TEST_CASE("zip: the size is known before") {
  for (const Files& files : {Files{}, Files{{"", ""}}, Files{{"x", "1"}, {"dir/y", "22"}}}) {
    CHECK(zip_of(files).size() == size_of(files));
  }
  CHECK_FALSE(zip_size({{"x", k_zip_bytes_max}}));
  CHECK_FALSE(zip_size(std::vector<std::pair<std::string, std::uint64_t>>(k_zip_files_max + 1)));
}

TEST_CASE("zip: a file has the size that was told") {
  ZipWriter writer([](ByteView) -> Result<void> { return {}; });
  REQUIRE(writer.begin("x", 2));
  CHECK_FALSE(writer.write(bytes_of("123")));
  REQUIRE(writer.write(bytes_of("1")));
  CHECK_FALSE(writer.finish());
}

}  // namespace sluice::codec
