#include "gotool/compile_command.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

std::vector<std::string> usual_words() {
  return {"-o",
          "/tmp/go-build1/b002/_pkg_.a",
          "-trimpath",
          "/src/shop=>example.org/shop;/tmp/go-build1/b002=>",
          "-p",
          "example.org/shop",
          "-lang=go1.24",
          "-complete",
          "-buildid",
          "abc/abc",
          "-goversion",
          "go1.27.4",
          "-c=4",
          "-race",
          "-N",
          "-nolocalimports",
          "-importcfg",
          "/tmp/go-build1/b002/importcfg",
          "-embedcfg",
          "/tmp/go-build1/b002/embedcfg",
          "-pack",
          "/src/shop/a.go",
          "/src/shop/b.go"};
}

}  // namespace

TEST_CASE("the words of go's compiler") {
  const auto command = parse_compile_command(usual_words());
  REQUIRE(command);
  CHECK(command->object_directory == "/tmp/go-build1/b002");
  CHECK(command->work_directory() == "/tmp/go-build1");
  CHECK(command->package == "example.org/shop");
  CHECK(command->language == "1.24");
  CHECK(command->build_id == "abc");
  CHECK(command->go_version == "go1.27.4");
  CHECK(command->is_complete);
  CHECK_FALSE(command->is_standard);
  CHECK(command->has_dwarf);
  CHECK_FALSE(command->has_assembly);
  CHECK(command->gc_flags == std::vector<std::string>{"-race", "-N"});
  CHECK(command->import_config == "/tmp/go-build1/b002/importcfg");
  CHECK(command->embed_config == "/tmp/go-build1/b002/embedcfg");
  REQUIRE(command->rewrites.size() == 2);
  CHECK(command->rewrites[0].first == "/src/shop");
  CHECK(command->rewrites[0].second == "example.org/shop");
  CHECK(command->sources == std::vector<std::string>{"/src/shop/a.go", "/src/shop/b.go"});
  CHECK(command->is_below_work("/tmp/go-build1/b001/x.go"));
  CHECK_FALSE(command->is_below_work("/tmp/go-build10/x.go"));
}

TEST_CASE("a prefix of local imports, coverage, a profile and assembly") {
  auto words = usual_words();
  words.insert(words.begin() + 12, {"-coveragecfg=/w/c", "-pgoprofile=/w/p", "-symabis", "/w/s"});
  for (std::string& word : words) {
    if (word == "-nolocalimports") word = "-D";
    if (word == "-complete") word = "-dwarf=false";
  }
  words.insert(words.end() - 7, "_/prefix");
  const auto command = parse_compile_command(words);
  REQUIRE(command);
  CHECK(command->local_prefix == "_/prefix");
  CHECK(command->coverage_config == "/w/c");
  CHECK(command->profile == "/w/p");
  CHECK(command->has_assembly);
  CHECK_FALSE(command->has_dwarf);
  CHECK(command->gc_flags == std::vector<std::string>{"-race", "-N"});
}

TEST_CASE("other calls are not understood") {
  CHECK_FALSE(parse_compile_command({}));
  CHECK_FALSE(parse_compile_command({"-V=full"}));
  CHECK_FALSE(parse_compile_command({"-o", "x.o", "x.go"}));
  auto words = usual_words();
  for (std::size_t count = 0; count + 2 < words.size(); ++count) {
    CAPTURE(count);
    const auto command =
        parse_compile_command({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count)});
    if (count < 18) CHECK_FALSE(command);
  }
  words.insert(words.end() - 2, "-unknown");
  CHECK_FALSE(parse_compile_command(words));
}
