#include "codec/ini.hpp"

#include <doctest/doctest.h>

namespace sluice::codec {
namespace {

TEST_CASE("sections, keys, nested keys and comments") {
  const auto ini = parse_ini(
      "# head\n[default]\nRegion = eu-west-1 ; near\nkey=a#b\n\n[profile ci]\ns3 =\n"
      "  addressing_style = path\n\tx = 1\r\nregion=us-east-1\nregion=us-east-2\n",
      "config");
  REQUIRE(ini.has_value());
  CHECK(ini->at("default").at("region") == "eu-west-1");
  CHECK(ini->at("default").at("key") == "a#b");
  const IniSection& ci = ini->at("profile ci");
  CHECK(ci.at("s3.addressing_style") == "path");
  CHECK(ci.at("s3.x") == "1");
  CHECK(ci.at("region") == "us-east-2");
}

TEST_CASE("errors name file and line, and no value") {
  const auto no_key = parse_ini("[a]\nsecretvalue\n", "credentials");
  REQUIRE_FALSE(no_key.has_value());
  CHECK(no_key.error().message == "credentials:2: neither [section] nor key = value");
  CHECK_FALSE(parse_ini("a = 1\n", "c").has_value());
  CHECK_FALSE(parse_ini("[a\n", "c").has_value());
  CHECK_FALSE(parse_ini("[a]\n = 1\n", "c").has_value());
  CHECK_FALSE(parse_ini(std::string(k_ini_size_max + 1, '#'), "c").has_value());
}

}  // namespace
}  // namespace sluice::codec
