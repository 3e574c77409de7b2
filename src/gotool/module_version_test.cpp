#include "gotool/module_version.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice::gotool;

TEST_CASE("modules that may name files, and what must not") {
  for (const char* version : {"v0.0.0-20200103221440-774c71fcf114", "v1.4.0", "v2.0.0+incompatible",
                              "v1.2.3-rc.1", "v1.0.1-0.20181226105442-5d4384ee4fb2", "v0.0.0-A"}) {
    CHECK_MESSAGE(is_plain({"github.com/BurntSushi/toml", version}), version);
  }
  for (const char* version :
       {"", "v1", "v1.2", "1.2.3", "v1.2.3.4", "v01.2.3", "v1.2.3-", "v1.2.3-a..b",
        "v1.2.3/../../x", "v1.2.3-!a", "v1.2.3+meta", "v1.2.3\n", "latest", "v1.2.3-a/b"}) {
    CHECK_MESSAGE(!is_plain({"example.com/m", version}), version);
  }
  for (const char* path : {"gopkg.in/yaml.v3", "example.com/m/v2", "go.uber.org/x~y", "a.b"}) {
    CHECK_MESSAGE(is_plain({path, "v1.0.0"}), path);
  }
  for (const char* path :
       {"", "fmt", "/example.com/m", "example.com/m/", "example.com//m", "example.com/../m",
        "example.com/.git/m", "example.com/m.", "Example.com/m", "example.com/a b",
        "example.com/a!b", "example.com/a@b", "-x.com/m", "example.com/\xc3\xa4"}) {
    CHECK_MESSAGE(!is_plain({path, "v1.0.0"}), path);
  }
  CHECK_FALSE(is_plain({"example.com/" + std::string(300, 'a'), "v1.0.0"}));
}

TEST_CASE("the order of versions") {
  const std::vector<std::string> ascending = {"v0.0.0-20200103221440-774c71fcf114",
                                              "v0.0.0-20210103221440-174c71fcf114",
                                              "v0.9.0",
                                              "v1.0.0-alpha",
                                              "v1.0.0-alpha.1",
                                              "v1.0.0-alpha.beta",
                                              "v1.0.0-beta.2",
                                              "v1.0.0-beta.11",
                                              "v1.0.0-rc.1",
                                              "v1.0.0",
                                              "v1.0.1-0.20181226105442-5d4384ee4fb2",
                                              "v1.0.1",
                                              "v1.2.0",
                                              "v1.10.0",
                                              "v2.0.0+incompatible",
                                              "v10.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      const int order = compare_module_versions(ascending[i], ascending[j]);
      CHECK_MESSAGE((order < 0) == (i < j), ascending[i], " ", ascending[j]);
      CHECK_MESSAGE((order == 0) == (i == j), ascending[i], " ", ascending[j]);
    }
  }
  CHECK(compare_module_versions("v2.0.0+incompatible", "v2.0.0") == 0);
}

TEST_CASE("escaped texts and back") {
  CHECK(unescape_module_text("github.com/!burnt!sushi") == "github.com/BurntSushi");
  CHECK(unescape_module_text("") == "");
  for (const char* text : {"A", "a!", "!A", "!!a", "!1"}) {
    CHECK(unescape_module_text(text) == std::nullopt);
  }
}

TEST_CASE("where go keeps a module") {
  const auto places = module_places("/cache", {"github.com/BurntSushi/toml", "v1.4.0-RC1"});
  CHECK(places.tree == "/cache/github.com/!burnt!sushi/toml@v1.4.0-!r!c1");
  CHECK(places.mod == "/cache/cache/download/github.com/!burnt!sushi/toml/@v/v1.4.0-!r!c1.mod");
  CHECK(places.info.filename() == "v1.4.0-!r!c1.info");
  CHECK(places.zip.filename() == "v1.4.0-!r!c1.zip");
  CHECK(places.zip_hash.filename() == "v1.4.0-!r!c1.ziphash");
  CHECK(places.lock.filename() == "v1.4.0-!r!c1.lock");
  CHECK(places.partial.filename() == "v1.4.0-!r!c1.partial");
}
