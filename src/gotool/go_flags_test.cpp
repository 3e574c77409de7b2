#include "gotool/go_flags.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {

using Words = std::vector<std::string>;

TEST_CASE("words are split as go splits them") {
  CHECK(split_go_words("") == Words{});
  CHECK(split_go_words("  -mod=mod\t-v\n") == Words{"-mod=mod", "-v"});
  CHECK(split_go_words("'-ldflags=-X a=b c' -v") == Words{"-ldflags=-X a=b c", "-v"});
  CHECK(split_go_words("\"-ldflags=-X 'a=b c'\"") == Words{"-ldflags=-X 'a=b c'"});
  CHECK(split_go_words("-tags=a'b") == Words{"-tags=a'b"});
  CHECK(split_go_words("'a''b'") == Words{"a", "b"});
  CHECK(split_go_words("'-tags=a") == std::nullopt);
}

TEST_CASE("a word is quoted only where it must be, and not where it cannot") {
  CHECK(quote_go_word("-v") == "-v");
  CHECK(quote_go_word("a b") == "'a b'");
  CHECK(quote_go_word("it's") == "\"it's\"");
  CHECK(quote_go_word("a\"b") == "'a\"b'");
  CHECK(quote_go_word("a'b\"c") == std::nullopt);
  CHECK(quote_go_word("") == "''");
}

TEST_CASE("flags are found in each of their forms") {
  CHECK(has_go_flag({"build", "-x", "."}, "x"));
  CHECK(has_go_flag({"build", "--x=true"}, "x"));
  CHECK_FALSE(has_go_flag({"build", "-X", "x", "-xy"}, "x"));
  CHECK_FALSE(has_go_flag({"test", ".", "-args", "-x"}, "x"));
}

TEST_CASE("the last value of a flag counts, in each of its forms") {
  CHECK(go_flag_value({"build", "-mod=mod", "-v", "--mod", "vendor", "."}, "mod") == "vendor");
  CHECK(go_flag_value({"-mod=mod", "-modfile=a.mod"}, "mod") == "mod");
  CHECK(go_flag_value({"test", ".", "-args", "-mod=x"}, "mod") == std::nullopt);
  CHECK(go_flag_value({"build", "-mod"}, "mod") == std::nullopt);
}

TEST_CASE("GOFLAGS without what sluice has put there") {
  CHECK(goflags_without_toolexec("-mod=mod -toolexec=/c/sluice-toolexec") == "-mod=mod");
  CHECK(goflags_without_toolexec("-toolexec=/c/sluice-toolexec") == std::nullopt);
  CHECK(goflags_without_toolexec("-toolexec=/c/other -v") == "-toolexec=/c/other -v");
  CHECK(goflags_without_toolexec("'-open") == "'-open");
}

TEST_CASE("the wrapper is appended to what is there") {
  CHECK(goflags_with_toolexec("", {}, "/c/sluice-toolexec") == "-toolexec=/c/sluice-toolexec");
  CHECK(goflags_with_toolexec("-mod=mod", {"build"}, "/c/sluice-toolexec") ==
        "-mod=mod -toolexec=/c/sluice-toolexec");
}

TEST_CASE("the wrapper stays away") {
  const auto why = [](std::string_view goflags, const Words& words, const char* executable) {
    const auto got = goflags_with_toolexec(goflags, words, executable);
    REQUIRE_FALSE(got);
    return got.error();
  };
  CHECK(why("-toolexec=mine", {}, "/s") == NoToolexec::users_own);
  CHECK(why("", {"build", "-toolexec", "mine"}, "/s") == NoToolexec::users_own);
  CHECK(why("-x", {}, "/s") == NoToolexec::shows_commands);
  CHECK(why("", {"build", "-n"}, "/s") == NoToolexec::shows_commands);
  CHECK(why("'-v", {}, "/s") == NoToolexec::unreadable);
  CHECK(why("", {}, "/it's\"odd/sluice") == NoToolexec::unreadable);
  CHECK(why("", {}, "/my tools/sluice") == NoToolexec::unreadable);
}

}  // namespace sluice::gotool
