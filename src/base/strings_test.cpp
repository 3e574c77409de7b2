#include "base/strings.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <limits>

using namespace sluice;

TEST_CASE("trim takes blanks from both ends only") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim("   ").empty());
  CHECK(trim("").empty());
  CHECK(trim("x") == "x");
}

TEST_CASE("split keeps empty fields and join undoes it") {
  CHECK(split("a::b:", ':') == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(split("", ':') == std::vector<std::string_view>{""});
  CHECK(rc::check([](const std::string& text) {
    std::vector<std::string> parts;
    for (const std::string_view part : split(text, ',')) parts.emplace_back(part);
    RC_ASSERT(join(parts, ",") == text);
  }));
}

TEST_CASE("to_lower changes ASCII letters only") { CHECK(to_lower("MiB-Äz09") == "mib-Äz09"); }

TEST_CASE("parse_int takes the whole text or nothing") {
  CHECK(parse_int<int>("42") == 42);
  CHECK(parse_int<int>("-7") == -7);
  CHECK(parse_int<std::uint64_t>("18446744073709551615") ==
        std::numeric_limits<std::uint64_t>::max());
  for (const char* bad : {"", " 1", "1 ", "+1", "0x10", "1.0", "abc", "99999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_int<int>(bad));
  }
  CHECK_FALSE(parse_int<unsigned>("-1"));
}

TEST_CASE("printable gives one line of bounded length") {
  CHECK(printable("a\nb\x1b[31m\x7f") == "a?b?[31m?");
  CHECK(printable("abcdef", 3) == "abc…");
  CHECK(printable("abc", 3) == "abc");
  CHECK(printable("") == "");
  CHECK(printable("abc", 0) == "…");
}

TEST_CASE("printable leaves writing as it is, and cuts between characters") {
  const std::string all =
      "é ÿ ü 世界 🙂 \u07FF \uD7FF \uE000 \uFFFD \U0010FFFF \u00A0 \u200D \u2027 \u202F";
  CHECK(printable(all) == all);
  CHECK(printable("aé", 2) == "a…");
  CHECK(printable("aé", 3) == "aé");
  CHECK(printable("🙂", 3) == "…");
}

TEST_CASE("printable lets nothing through that a terminal obeys or that turns what is read") {
  for (const char* bad : {"\u0080", "\u009B", "\u009D", "\u009F", "\u061C", "\u200E", "\u200F",
                          "\u2028", "\u2029", "\u202A", "\u202E", "\u2066", "\u2069", "\x7f"}) {
    CAPTURE(bad);
    CHECK(printable(std::string("a") + bad + "b") == "a?b");
  }
}

TEST_CASE("printable: what is no UTF-8 is one '?' a byte") {
  CHECK(printable("a\x9b"
                  "31mb") == "a?31mb");        // C1 as one byte
  CHECK(printable("a\xc2\x1b[m") == "a??[m");  // begun, and not gone on with
  CHECK(printable("\xc0\x9b|\xe0\x82\x9b|\xf0\x80\x82\x9b") == "??|???|????");  // too long
  CHECK(printable("\xed\xa0\x80|\xf4\x90\x80\x80|\xff|\xe2\x80") == "???|????|?|??");
}

TEST_CASE("printable gives UTF-8 of no more bytes, whatever it is given") {
  CHECK(rc::check([](const std::string& text) {
    const std::string line = printable(text, 40);
    RC_ASSERT(line.size() <= 40 + std::string_view("…").size());
    RC_ASSERT(printable(line, line.size()) == line);  // nothing is left to replace
  }));
}

TEST_CASE("split_quoted reads quotes as a shell does") {
  using Words = std::vector<std::string>;
  CHECK(split_quoted("") == Words{});
  CHECK(split_quoted("  \t ") == Words{});
  CHECK(split_quoted("/usr/bin/sluice cacheprog") == Words{"/usr/bin/sluice", "cacheprog"});
  CHECK(split_quoted("'/my dir/sluice'  cacheprog") == Words{"/my dir/sluice", "cacheprog"});
  CHECK(split_quoted("\"it's\" ''") == Words{"it's", ""});
  CHECK(split_quoted("a'b c'd") == Words{"ab cd"});
  CHECK_FALSE(split_quoted("'open"));
  CHECK_FALSE(split_quoted("a \"b"));
}

TEST_CASE("quote_word quotes only where it must") {
  CHECK(quote_word("/usr/bin/sluice") == "/usr/bin/sluice");
  CHECK(quote_word("/my dir/x") == "'/my dir/x'");
  CHECK(quote_word("it's") == "\"it's\"");
  CHECK(quote_word("") == "''");
}

TEST_CASE("what quote_word wrote split_quoted reads back, whatever it holds") {
  CHECK(rc::check([](const std::vector<std::string>& words) {
    std::vector<std::string> quoted;
    for (const std::string& word : words) quoted.push_back(quote_word(word));
    RC_ASSERT(split_quoted(join(quoted, " ")) == words);
  }));
  const std::vector<std::string> both = {R"(it's "so")", "\"'", "'\""};
  std::string line;
  for (const std::string& word : both) line += quote_word(word) + "\t";
  CHECK(split_quoted(line) == both);
}
