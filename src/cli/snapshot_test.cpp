#include "cli/snapshot.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("save: what came of it, in words and for programs") {
  Saved saved;
  saved.name = "cargo";
  saved.key = "k-1";
  saved.files = 1;
  saved.bytes = 2048;
  saved.report.bytes_new = 1024;
  saved.report.bytes_up = 512;
  saved.took = std::chrono::milliseconds(1200);
  CHECK(saved_text(saved) ==
        "cargo: 1 file, 2.0 KiB; kept as k-1: 1.0 KiB new, 512 B up in 1.20 s\n");
  saved.specials = 1;
  saved.report.is_unchanged = true;
  saved.report.faults = {{Code::denied, "head of branch main: denied"}};
  CHECK(saved_text(saved) ==
        "cargo: 1 file, 2.0 KiB; kept as k-1, as it was before in 1.20 s; left out: 1 pipe, socket "
        "or device; head of branch main: denied\n");
  saved.trouble = "the store is down";
  CHECK(saved_text(saved) == "cargo: 1 file, 2.0 KiB; not kept: the store is down\n");
  const auto json = codec::parse_json(saved_json(saved));
  REQUIRE(json);
  CHECK_FALSE(json->bool_or("kept", true));
  CHECK(json->text_or("reason", "") == "the store is down");
  CHECK(json->int_or("bytes_new", 0) == 1024);
}

TEST_CASE("restore: what came of it, in words and for programs") {
  Restored restored;
  restored.name = "cargo";
  restored.key = "k-2";
  CHECK(restored_text(restored) == "cargo: there is no k-2\n");
  restored.from_key = "k-1";
  restored.scope = "branch";
  restored.report.files = 2;
  restored.report.bytes = 2048;
  restored.report.bytes_down = 100;
  CHECK(restored_text(restored) ==
        "cargo: k-1 (fallback, branch): 2 files, 2.0 KiB (100 B down in 0.00 s)\n");
  restored.report.kept = {"target"};
  restored.report.files = 0;
  CHECK(restored_text(restored) ==
        "cargo: k-1 (fallback, branch); target is there already, and stays (--replace)\n");
  restored.trouble = "bad";
  CHECK(restored_text(restored) == "cargo: nothing was restored: bad\n");
  const auto json = codec::parse_json(restored_json(restored));
  REQUIRE(json);
  CHECK(json->bool_or("restored", false));
  CHECK(json->text_or("scope", "") == "branch");
  CHECK(json->find("kept")->as_array()->size() == 1);
}

}  // namespace sluice::cli
