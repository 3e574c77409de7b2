#include "base/utf8.hpp"

#include <doctest/doctest.h>

using sluice::utf8_length;

TEST_CASE("utf8: how long a character is, whatever follows") {
  CHECK(utf8_length("a\xff") == 1);
  CHECK(utf8_length("\xc2\x80") == 2);
  CHECK(utf8_length("\xe4\xb8\xad-") == 3);
  CHECK(utf8_length("\xf0\x9f\x98\x80") == 4);
  CHECK(utf8_length("\xf4\x8f\xbf\xbf") == 4);
}

TEST_CASE("utf8: cut short, too long, surrogates and above the last are none") {
  for (const char* text : {"\xc2", "\xe4\xb8", "\xf0\x9f\x98", "\x80", "\xc1\xbf", "\xe0\x9f\xbf",
                           "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff"}) {
    CAPTURE(text);
    CHECK(utf8_length(text) == 0);
  }
}
