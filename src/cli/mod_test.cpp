#include "cli/mod.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("mod restore: what was brought, in words and for programs") {
  ModulesBrought modules;
  CHECK(modules_text(modules) == "no module of the module cache is needed\n");
  modules.needed = 1;
  modules.there = 1;
  CHECK(modules_text(modules) == "1 module needed, 1 there; 0 brought\n");
  modules.needed = 360;
  modules.there = 12;
  modules.brought = 340;
  modules.failed = 1;
  modules.bytes_down = 99'614'720;
  modules.took = std::chrono::milliseconds(3120);
  CHECK(modules_text(modules) ==
        "360 modules needed, 12 there; 340 brought (95.0 MiB in 3.12 s); 7 not in the store: go "
        "fetches what it needs of them; 1 did not come\n");
  const auto json = codec::parse_json(modules_json(modules));
  REQUIRE(json);
  CHECK(json->int_or("needed", 0) == 360);
  CHECK(json->int_or("not_stored", 0) == 7);
  CHECK(json->int_or("bytes_down", 0) == 99'614'720);
  CHECK(json->int_or("took_ms", 0) == 3120);
}

TEST_CASE("mod restore: its words") {
  CHECK(parse_words({"mod", "restore", "--json"}));
  CHECK_FALSE(parse_words({"mod"}));
  CHECK_FALSE(parse_words({"mod", "restoer"}));
  CHECK_FALSE(parse_words({"mod", "restore", "x"}));
}

}  // namespace sluice::cli
