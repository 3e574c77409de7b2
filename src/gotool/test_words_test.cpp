#include "gotool/test_words.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "codec/json.hpp"
#include "sys/corpus_for_test.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

TestWords of(const std::vector<std::string>& words, std::string_view goflags = "",
             int go_minor = 27) {
  return parse_test_words(words, goflags, go_minor, "/module");
}

}  // namespace

TEST_CASE("test words: what go tells a test binary") {
  const auto bytes = sys::read_file(sys::corpus_beside(__FILE__) / "test_words/cases", 1U << 20U);
  REQUIRE(bytes);
  REQUIRE(*bytes);
  std::size_t count = 0;
  const std::string text(text_of(**bytes));
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    CAPTURE(line);
    const auto one = codec::parse_json(line);
    REQUIRE(one);
    std::vector<std::string> words;
    for (const codec::Json& word : *one->find("words")->as_array()) {
      words.push_back(*word.as_string());
    }
    const TestWords told = of(words, one->text_or("goflags", ""), 24);
    CHECK(told.only_go.empty());
    CHECK(join(told.arguments, " ") == one->text_or("arguments", ""));
    ++count;
  }
  CHECK(count > 30);
}

TEST_CASE("test words: packages and what is for the build") {
  using Words = std::vector<std::string>;
  const TestWords told = of({"-race", "-tags", "x y", "./a", "./b", "-run", "X", "-vet=off"});
  CHECK(told.only_go.empty());
  CHECK(told.packages == Words{"./a", "./b"});
  CHECK(told.build == Words{"-race=true", "-tags=x y", "-vet=off"});
  CHECK(of({"-buildvcs", "-buildvcs=auto", "-p", "3"}).build ==
        Words{"-buildvcs=true", "-buildvcs=auto", "-p=3"});
  CHECK(of({"-C", "dir", "./a"}).change_directory == "dir");
  CHECK(of({"-C=dir", "./a"}).build.empty());
  // GOFLAGS are there for the build anyway.
  CHECK(of({"./a"}, "-race -tags=x").build.empty());
}

TEST_CASE("test words: what go does with the output, and when it stops") {
  CHECK_FALSE(of({"./a"}).is_json);
  CHECK(of({"-json", "./a"}).is_json);
  CHECK(of({"./a"}, "-json").is_json);
  CHECK_FALSE(of({"-json=false", "./a"}, "-json").is_json);
  CHECK(of({"-v", "./a"}).is_verbose);
  CHECK_FALSE(of({"-v=0", "./a"}, "-v").is_verbose);
  CHECK(of({"-failfast", "./a"}).is_failfast);
  CHECK(of({"./a"}).timeout == std::chrono::minutes(10));
  CHECK(of({"-timeout=0", "./a"}).timeout.count() == 0);
  CHECK(of({"-timeout=1m", "./a"}, "-timeout=2m").timeout == std::chrono::minutes(1));
}

TEST_CASE("test words: whether go keeps the result") {
  CHECK(of({"./a"}).keeps_results);
  CHECK(of({"-run=X", "-short", "-json", "./a"}).keeps_results);
  CHECK_FALSE(of({}).keeps_results);
  CHECK_FALSE(of({"-run=X"}).keeps_results);
  CHECK_FALSE(of({"-count=1", "./a"}).keeps_results);
  CHECK_FALSE(of({"./a"}, "-count=1").keeps_results);
  CHECK_FALSE(of({"./a", "-args", "x"}).keeps_results);
  CHECK(of({"./a", "-args"}).keeps_results);
}

TEST_CASE("test words: what is go's own business, with the word") {
  const auto why = [](const std::vector<std::string>& words, std::string_view goflags = "") {
    return of(words, goflags).only_go;
  };
  CHECK(why({"-exec", "prog", "./a"}) == "-exec is go's own business");
  CHECK(why({"./a", "-c"}) == "-c is go's own business");
  CHECK(why({"-bench=.", "./a"}) == "-bench is go's own business");
  CHECK(why({"./a"}, "-exec=prog") == "-exec is go's own business");
  CHECK(why({"-c=false", "-bench=", "./a"}).empty());
  CHECK(why({"./a", "-update"}) == "-update is no flag of go test");
  CHECK(why({"./a", "-update", "golden"}) == "-update is no flag of go test");
  CHECK(why({"-timeout=soon", "./a"}) == "soon is not understood");
  CHECK(why({"-v=maybe", "./a"}) == "maybe is not understood");
  CHECK(why({"-count=0x10", "./a"}) == "0x10 is not understood");
  CHECK(why({"./a", "-run"}) == "-run needs a value");
  CHECK(why({"-h"}) == "-h is asked for");
  CHECK(why({"./a", "-args", "-help"}) == "-help is asked of a test");
  CHECK(why({"./a", "-C", "x"}) == "-C is not the first flag");
  CHECK(why({"./a"}, "'open") == "GOFLAGS cannot be read");
  CHECK(why({"./a"}, "-count=x") == "-count=x in GOFLAGS");
  CHECK(why({"./a"}, "-run") == "-run in GOFLAGS");
  CHECK(why({"./a"}, "-no-such-flag").empty());
  CHECK(of({"-artifacts", "./a"}, "", 25).only_go == "-artifacts is no flag of go test");
}
