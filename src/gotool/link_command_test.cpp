#include "gotool/link_command.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

using Words = std::vector<std::string>;

sys::Environment linux_amd64() {
  sys::Environment env;
  env.set("GOOS", "linux");
  env.set("GOARCH", "amd64");
  return env;
}

const Words k_plain = {"-o",
                       "/tmp/go-build1/b001/exe/a.out",
                       "-importcfg",
                       "/tmp/go-build1/b001/importcfg.link",
                       "-buildmode=pie",
                       "-buildid=a/b/c/d",
                       "-X",
                       "main.version=1",
                       "-s",
                       "-extld=gcc -m64",
                       "/tmp/go-build1/b001/_pkg_.a"};

Words with(const std::string& word) {
  Words words = k_plain;
  words.insert(words.begin() + 4, word);
  return words;
}

std::string refusal(const Words& words, const sys::Environment& env = linux_amd64()) {
  const auto parsed = parse_link_command(words, env);
  return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("a link as go asks for it") {
  const auto link = parse_link_command(k_plain, linux_amd64());
  REQUIRE(link);
  CHECK(link->output == "/tmp/go-build1/b001/exe/a.out");
  CHECK(link->importcfg == "/tmp/go-build1/b001/importcfg.link");
  CHECK(link->main_archive == "/tmp/go-build1/b001/_pkg_.a");
  CHECK(link->extld == Words{"gcc", "-m64"});
  CHECK(link->kept_words == Words{"-o", "-importcfg", "-buildmode=pie", "-buildid=a/b/c/d", "-X",
                                  "main.version=1", "-s", "-extld=gcc -m64"});
  CHECK_FALSE(link->has_extldflags);
}

TEST_CASE("what is not known is not cached") {
  CHECK(refusal(k_plain).empty());
  CHECK(refusal(with("-linkmode=internal")).empty());
  for (const char* word :
       {"-linkmode=external", "-linkshared", "-msan", "-asan", "-buildmode=c-shared",
        "-buildmode=plugin", "-fipso=/x", "-cpuprofile=/x", "-v", "-dumpdep", "-L=/x", "-tmpdir=/x",
        "-libgcc=/x", "-newflag", "-V=full", "-X=main.v=/tmp/go-build1/b001", "stray"}) {
    INFO(word);
    CHECK_FALSE(refusal(with(word)).empty());
  }
  CHECK_FALSE(refusal({}).empty());
  CHECK_FALSE(refusal({"-o"}).empty());
  CHECK_FALSE(refusal({"@/tmp/args"}).empty());
  CHECK_FALSE(refusal({"-o", "a", "main.a"}).empty());
  CHECK_FALSE(refusal({"-o", "a", "-importcfg", "importcfg", "main.a"}).empty());
}

TEST_CASE("the environment decides, too") {
  sys::Environment env = linux_amd64();
  env.set("GO_EXTLINK_ENABLED", "1");
  CHECK_FALSE(refusal(k_plain, env).empty());
  env = linux_amd64();
  env.set("GOOS", "android");
  CHECK_FALSE(refusal(k_plain, env).empty());
  env = linux_amd64();
  env.set("GOARCH", "riscv64");  // no position independent program without a C linker
  CHECK_FALSE(refusal(k_plain, env).empty());
  env.unset("GOARCH");
  CHECK_FALSE(refusal(k_plain, env).empty());
}

TEST_CASE("flags for a C linker are told apart") {
  const auto link = parse_link_command(with("-extldflags=-static"), linux_amd64());
  REQUIRE(link);
  CHECK(link->has_extldflags);
}

TEST_CASE("importcfg") {
  const auto config = parse_import_config(
      "# import config\n"
      "packagefile fmt=/c/ab/ab-d\n"
      "  packagefile odd=/c/a=b  \n"
      "modinfo \"path\\tm\\n\"\n\n");
  REQUIRE(config);
  REQUIRE(config->lines.size() == 3);
  CHECK(config->lines[0].package == "fmt");
  CHECK(config->lines[0].file == "/c/ab/ab-d");
  CHECK(config->lines[1].file == "/c/a=b");
  CHECK(config->lines[2].file.empty());
  CHECK(config->lines[2].text == "modinfo \"path\\tm\\n\"");
  CHECK_FALSE(config->may_have_host_objects);
  const auto cgo = parse_import_config("packagefile runtime/cgo=/x\n");
  REQUIRE(cgo);
  CHECK(cgo->may_have_host_objects);
  CHECK_FALSE(parse_import_config("packageshlib fmt=/x.so\n"));
  CHECK_FALSE(parse_import_config("packagefile fmt=\n"));
  CHECK_FALSE(parse_import_config("importmap a=b\n"));
}

TEST_CASE("whose C objects the linker takes") {
  CHECK(is_internal_host_package("net"));
  CHECK_FALSE(is_internal_host_package("example.org/net"));
}

}  // namespace sluice::gotool
