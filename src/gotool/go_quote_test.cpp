#include "gotool/go_quote.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

using namespace sluice::gotool;

TEST_CASE("Go's quotes") {
  CHECK(quote_go("") == R"("")");
  CHECK(quote_go("a b") == R"("a b")");
  CHECK(quote_go("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quote_go("a\n\t\r\a\b\f\v") == R"("a\n\t\r\a\b\f\v")");
  CHECK(quote_go(std::string_view("\0\x1f\x7f", 3)) == R"("\x00\x1f\x7f")");
  CHECK(quote_go("päckchen 世界 😀") == "\"päckchen 世界 😀\"");
  CHECK(quote_go("\xff\xc3") == R"("\xff\xc3")");
  CHECK(quote_go("\xed\xa0\x80") == R"("\xed\xa0\x80")");
  CHECK(quote_go("\u00a0\u200b\u2028") == R"("\u00a0\u200b\u2028")");
  CHECK(quote_go("\U000e0001").starts_with("\""));
  CHECK(quote_go_list({}) == "[]");
  CHECK(quote_go_list({"-N", "-l"}) == R"(["-N" "-l"])");
}

TEST_CASE("what is quoted is read back") {
  CHECK(unquote_go(R"("a\u00e9\U0001f600\x41")") == "aé😀A");
  CHECK_FALSE(unquote_go(R"("a)"));
  CHECK_FALSE(unquote_go(R"("a"b)"));
  CHECK_FALSE(unquote_go(R"("\q")"));
  CHECK_FALSE(unquote_go(R"("\x4")"));
  CHECK_FALSE(unquote_go("a"));
  std::string_view rest = R"(["a" "b c"] ["x"])";
  CHECK(take_quoted_go_list(rest) == std::vector<std::string>{"a", "b c"});
  CHECK(rest == R"( ["x"])");
  for (std::string_view bad : {"", "[", "[\"a\"", "[\"a\"\"b\"]", "\"a\""}) {
    CHECK_FALSE(take_quoted_go_list(bad));
  }
  rc::check("every list of texts", [](const std::vector<std::string>& texts) {
    const std::string quoted = quote_go_list(texts);
    std::string_view left = quoted;
    RC_ASSERT(take_quoted_go_list(left) == texts);
    RC_ASSERT(left.empty());
  });
}
