#include "cli/agent.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

codec::Json status(std::uint64_t lookups, std::uint64_t pending_bytes) {
  return codec::JsonObject{
      {"pid", 42},
      {"store", "file:///s"},
      {"domain", "trusted"},
      {"drained", pending_bytes == 0},
      {"pending_bytes", pending_bytes},
      {"counters", codec::JsonObject{{"lookups", lookups}, {"wait_us", 5000}}},
  };
}

}  // namespace

TEST_CASE("several agents of a job are told as one") {
  const codec::Json merged = merged_status({status(3, 0), status(4, 100)});
  CHECK(merged.text_or("agent", "") == "ok");
  CHECK(merged.int_or("lookups", 0) == 7);
  CHECK(merged.int_or("wait_ms", 0) == 10);
  CHECK(merged.int_or("pending_bytes", 0) == 100);
  CHECK_FALSE(merged.bool_or("drained", true));
  REQUIRE(merged.find("agents") != nullptr);
  CHECK(merged.find("agents")->as_array()->size() == 2);
  const std::string text = status_text(merged);
  CHECK(text.starts_with("7 lookups: "));
  CHECK(text.find("agent 42: file:///s, trusted\n") != std::string::npos);
}

TEST_CASE("only what decides which agent serves a command chooses one") {
  const auto chooses = [](SettingId id) {
    Flags flags;
    flags.set(id, "true");
    return mean_one_agent(flags);
  };
  CHECK_FALSE(mean_one_agent({}));
  for (const SettingId id : {SettingId::drain_timeout, SettingId::store_patience, SettingId::drain,
                             SettingId::quiet, SettingId::mode, SettingId::verify}) {
    CHECK_FALSE(chooses(id));
  }
  for (const SettingId id : {SettingId::store, SettingId::no_remote, SettingId::read_only,
                             SettingId::publish_local, SettingId::trust_domain}) {
    CHECK(chooses(id));
  }
}

TEST_CASE("no agent is an answer") {
  const codec::Json merged = merged_status({});
  CHECK(merged.text_or("agent", "") == "absent");
  CHECK(merged.bool_or("drained", false));
  CHECK(merged.int_or("pending_bytes", -1) == 0);
}

}  // namespace sluice::cli
