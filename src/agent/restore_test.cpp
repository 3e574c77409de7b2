#include "agent/restore.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST_CASE("restore fills the tier, save takes what is new, executables included") {
  Machine first;
  const Bytes archive = body_of(1, 5000);
  const Bytes program = body_of(2, 9000);
  const UnixNanos before_ns = unix_now_ns();
  const gotool::LocalTier tier = first.tier();
  REQUIRE(tier.put(action_of(1), sha256_as<BlobId>(archive), archive, unix_now_ns()));
  const sys::Path source = first.path() / "program";
  REQUIRE(sys::write_file_atomic(source, program, 0755));
  REQUIRE(tier.put_executable(action_of(2), sha256_as<BlobId>(program), program.size(), "shop",
                              source, unix_now_ns()));
  {
    const RunningAgent agent(first);
    const auto saved = agent.connect()->save(before_ns);
    REQUIRE(saved.has_value());
    CHECK(saved->int_or("made", 0) == 2);
    REQUIRE(agent.connect()->wait(testing::k_soon));
  }
  Machine second(first.config.store_url);
  const RunningAgent agent(second);
  const auto restored = agent.connect()->restore(testing::k_soon);
  REQUIRE(restored.has_value());
  CHECK(restored->int_or("restored", 0) == 2);
  CHECK(restored->int_or("failed", -1) == 0);
  const auto hit = second.tier().find(action_of(2));
  REQUIRE(hit.has_value());
  REQUIRE(hit->has_value());
  CHECK((*hit)->is_directory);
  CHECK((*hit)->executable_name == "shop");
  CHECK(*sys::read_file((*hit)->disk_path, 1U << 20U) == std::optional(program));
  CHECK(((*sys::stat_file((*hit)->disk_path))->mode & 0100U) != 0);
  CHECK((*second.tier().find(action_of(1))).has_value());
  // Once more: everything is there.
  CHECK(agent.connect()->restore(testing::k_soon)->int_or("failed", -1) == 0);
  // What nobody used since then is not this job's.
  const auto unused = agent.connect()->save(unix_now_ns() - 1'000'000'000);
  CHECK(unused->int_or("used", -1) == 0);
}

TEST_CASE("entries that were here before are not this job's") {
  Machine machine;
  const gotool::LocalTier tier = machine.tier();
  const Bytes old_body = body_of(1, 500);
  const UnixNanos long_ago = unix_now_ns() - std::int64_t{3600} * 1'000'000'000;
  REQUIRE(tier.put(action_of(1), sha256_as<BlobId>(old_body), old_body, long_ago));
  const RunningAgent agent(machine);
  const auto saved = agent.connect()->save(unix_now_ns() + 1'000'000'000);
  REQUIRE(saved.has_value());
  CHECK(saved->int_or("made", -1) == 0);
}

}  // namespace
}  // namespace sluice::agent
