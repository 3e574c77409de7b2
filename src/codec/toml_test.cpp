#include "codec/toml.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::codec;

namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse_toml(text, "sluice.toml");
  if (parsed) return "accepted";
  CHECK(parsed.error().code == Code::invalid);
  CHECK(parsed.error().message.find('\n') == std::string::npos);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("settings come flat, in the order of the file, with their lines") {
  const auto entries = parse_toml(
      "# a comment\n"
      "store = \"file:///srv/ci\"\n"
      "\n"
      "read-only = true\n"
      "a.b = 1\n"
      "list = [\"x\",\n  \"y\"]\n"
      "share = 0.5\n"
      "[z]\n"
      "one = 1\n"
      "[m]\n"
      "\"dotted.name\" = 'v'\n",
      "sluice.toml");
  REQUIRE(entries);
  REQUIRE(entries->size() == 7);
  CHECK((*entries)[0].key == "store");
  CHECK(std::get<std::string>((*entries)[0].value) == "file:///srv/ci");
  CHECK((*entries)[0].line == 2);
  CHECK((*entries)[1].key == "read-only");
  CHECK(std::get<bool>((*entries)[1].value));
  CHECK((*entries)[1].line == 4);
  CHECK((*entries)[2].key == "a.b");
  CHECK(std::get<std::int64_t>((*entries)[2].value) == 1);
  CHECK((*entries)[3].key == "list");
  CHECK(std::get<std::vector<std::string>>((*entries)[3].value) ==
        std::vector<std::string>{"x", "y"});
  CHECK((*entries)[3].line == 6);
  CHECK(std::get<double>((*entries)[4].value) == 0.5);
  CHECK((*entries)[4].line == 8);
  CHECK((*entries)[5].key == "z.one");
  CHECK((*entries)[5].line == 10);
  CHECK((*entries)[6].key == "m.\"dotted.name\"");
}

TEST_CASE("entries of one line keep their order") {
  const auto entries = parse_toml("t = {z = 1, a = 2}\n", "x");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].key == "t.z");
  CHECK((*entries)[1].key == "t.a");
}

TEST_CASE("an empty file has no settings") {
  CHECK(parse_toml("", "x")->empty());
  CHECK(parse_toml("\xef\xbb\xbf# only a comment\r\n", "x")->empty());
}

TEST_CASE("what is no TOML is refused in one line with its place") {
  CHECK(error_of("a = 1\nb == 2\n").starts_with("sluice.toml:2: "));
  CHECK(error_of("a = 1\na = 2\n").starts_with("sluice.toml:2: "));
  CHECK(error_of("a = \"open\n").starts_with("sluice.toml:1: "));
  CHECK(error_of("= 1").starts_with("sluice.toml:1: "));
  CHECK(error_of("a = \"\xff\"").starts_with("sluice.toml:1: "));
  CHECK(error_of("a = 99999999999999999999").starts_with("sluice.toml:1: "));
}

TEST_CASE("what toml++ itself gives up on is refused like the rest") {
  CHECK(error_of("a = 1\nb = 2\n[, \"q\" ]\nc = 3\n") == "sluice.toml:3: malformed");
  CHECK(error_of("[,") == "sluice.toml:1: malformed");
}

TEST_CASE("values without a meaning are refused by name") {
  CHECK(error_of("\nwhen = 1979-05-27\n") ==
        "sluice.toml:2: when: dates and times have no meaning here");
  CHECK(error_of("list = [1, 2]") == "sluice.toml:1: list: a list may hold strings only");
  CHECK(error_of("a = 1\n[section]\n") ==
        "sluice.toml:2: section: an empty table has no meaning here");
  CHECK(error_of("t = {}") == "sluice.toml:1: t: an empty table has no meaning here");
  CHECK(error_of("[a.b]\n[c]\nd = 1\n") ==
        "sluice.toml:1: a.b: an empty table has no meaning here");
  CHECK(error_of("[[t]]\na = 1") == "sluice.toml:1: t: a list may hold strings only");
}

TEST_CASE("size and depth are bounded") {
  CHECK(error_of(std::string(k_toml_size_max + 1, '\n')) ==
        "sluice.toml: 1048577 bytes, more than 1048576");
  CHECK(error_of("a = " + std::string(100'000, '[')).starts_with("sluice.toml:"));
}
