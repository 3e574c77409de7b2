#include "store/collector.hpp"

#include "store/gc_state.hpp"
#include "store/publisher.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::body_of;
using testing::MemoryObjects;
using testing::soon;

UnixNanos g_now_ns = 0;  // what the collectors here take for the time

UnixNanos test_clock() { return g_now_ns; }

void pass(std::chrono::hours span) {
  g_now_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(span).count();
}

struct Shop {
  Shop() { g_now_ns = unix_now_ns(); }

  // One small blob in a pack and a large one alone, under one head.
  void publish(std::uint64_t number, const std::string& scope) {
    testing::Files files;
    PublishOptions options;
    options.domain = "trusted";
    options.staging = files.staging();
    options.alone_bytes_min = 2000;
    Publisher publisher(objects, options, nullptr);
    std::vector<Record> records;
    for (const std::size_t size : {100U, 3000U}) {
      const Bytes body = body_of(number * 10 + size, size);
      records.push_back(testing::record_of(testing::action_of(number * 10 + size), body));
      REQUIRE(publisher.add_bytes(records.back(), body, soon()).has_value());
    }
    REQUIRE(publisher.flush(soon()).has_value());
    ManifestInfo info;
    info.job_name = "build";
    info.job_id = std::to_string(number);
    info.job_run = info.job_id;
    info.created_ns = static_cast<UnixNanos>(number);
    REQUIRE(publisher.publish(info, records, {{ScopeKind::branch, scope}}, soon()).has_value());
  }

  GcOptions options() const {
    GcOptions made;
    made.clock = &test_clock;
    made.holder = "test";
    made.policy.age_max = std::chrono::hours(24 * 365);
    return made;
  }
  GcReport collect() { return collect(options()); }
  GcReport collect(const GcOptions& asked) {
    auto report = collect_domain(objects, "trusted", asked);
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
    return *report;
  }
  std::size_t count(const std::string& part) const { return objects.keys(part).size(); }

  MemoryObjects objects;
};

TEST_CASE("what no head names goes after two marks, what only it named a grace period later") {
  Shop shop;
  shop.publish(1, "branch:a");
  shop.publish(2, "branch:a");  // takes the place of the first
  GcReport report = shop.collect();
  CHECK(report.heads == 1);
  CHECK(report.manifests == 1);
  CHECK(sum_of(report.unnamed).objects == 1);
  CHECK(sum_of(report.removed).objects == 0);
  REQUIRE(report.next_ns.has_value());
  CHECK(*report.next_ns > g_now_ns);
  pass(std::chrono::hours(23));
  CHECK(sum_of(shop.collect().removed).objects == 0);
  pass(std::chrono::hours(2));
  report = shop.collect();
  CHECK(report.removed[static_cast<std::size_t>(ObjectKind::manifest)].objects == 1);
  CHECK(sum_of(report.removed).objects == 1);
  pass(std::chrono::hours(25));
  report = shop.collect();
  CHECK(sum_of(report.removed).objects == 2);
  CHECK(shop.count("/packs/") == 1);
  CHECK(shop.count("/blobs/") == 1);
  CHECK(shop.count("/manifests/") == 1);
  CHECK(shop.count("/gc/candidates/") == 1);
  CHECK(report.live_bytes > 3000);
}

TEST_CASE("a dry run writes nothing and says what goes") {
  Shop shop;
  shop.publish(1, "branch:a");
  shop.publish(2, "pull-request:b");
  GcOptions asked = shop.options();
  asked.dry_run = true;
  asked.policy.drop_scopes = {"pull-request:*"};
  const int puts = shop.objects.puts();
  const auto before = shop.objects.keys();
  const GcReport report = shop.collect(asked);
  CHECK(shop.objects.puts() == puts);
  CHECK(shop.objects.keys() == before);
  const auto& dropped = report.dropped.at({"pull-request", GcDrop::scope});
  CHECK(dropped.heads == 1);
  CHECK(dropped.bytes > 3000);
  CHECK(sum_of(report.unnamed).objects == 1);
}

TEST_CASE("a head that was written meanwhile stays") {
  Shop shop;
  shop.publish(1, "branch:a");
  GcOptions asked = shop.options();
  asked.policy.drop_scopes = {"branch:*"};
  const std::string head = head_key("trusted", "branch:a");
  int looks = 0;
  shop.objects.before_get = [&](std::string_view key) -> Result<void> {
    // Read once, looked at once more before it goes.
    if (key == head && ++looks == 2) {
      shop.objects.before_get = nullptr;
      shop.publish(2, "branch:a");
    }
    return {};
  };
  const GcReport report = shop.collect(asked);
  CHECK(report.heads_written_meanwhile == 1);
  CHECK(shop.count("/scopes/") == 1);
  shop.objects.before_get = nullptr;
  CHECK(shop.collect(asked).heads_written_meanwhile == 0);
  CHECK(shop.count("/scopes/") == 0);
}

TEST_CASE("one collector at a time, and the next after one that died") {
  Shop shop;
  shop.publish(1, "branch:a");
  GcState state;
  state.domain = "trusted";
  state.holder = "other";
  state.lease_until_ns = g_now_ns + 60'000'000'000;
  shop.objects.set(gc_state_key("trusted"), *encode_gc_state(state));
  auto refused = collect_domain(shop.objects, "trusted", shop.options());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::conflict);
  CHECK(refused.error().message.contains("another collector works on trusted (other)"));
  pass(std::chrono::hours(1));
  shop.collect();
  // A lease that no clock can have meant.
  state.lease_until_ns = g_now_ns + 1'000'000'000'000'000;
  shop.objects.set(gc_state_key("trusted"), *encode_gc_state(state));
  shop.collect();
  // A state that is damaged costs time only.
  shop.objects.set(gc_state_key("trusted"), body_of(1, 300));
  shop.collect();
}

TEST_CASE("what a later sluice wrote ends the run and stays") {
  Shop shop;
  shop.publish(1, "branch:a");
  const std::string head = head_key("trusted", "branch:a");
  Bytes later = shop.objects.bytes_at(head);
  later[8] = std::byte{2};
  shop.objects.set(head, later);
  const auto refused = collect_domain(shop.objects, "trusted", shop.options());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::unsupported);
  CHECK(shop.count("/scopes/") == 1);
}

TEST_CASE("damaged heads and manifests are counted, and name nothing") {
  Shop shop;
  shop.publish(1, "branch:a");
  shop.publish(2, "branch:b");
  shop.objects.set(head_key("trusted", "branch:a"), body_of(1, 300));
  shop.objects.set(shop.objects.keys("/manifests/").front(), body_of(2, 300));
  const GcReport report = shop.collect();
  CHECK(report.damaged >= 1);
  CHECK_FALSE(report.first_damage.empty());
  CHECK(report.heads == 1);
}

TEST_CASE("a store that does not answer loses nothing") {
  Shop shop;
  shop.publish(1, "branch:a");
  shop.publish(2, "branch:a");
  shop.collect();
  pass(std::chrono::hours(25));
  const auto before = shop.objects.keys("/packs/");
  shop.objects.before_get = [](std::string_view key) -> Result<void> {
    if (key.contains("/scopes/")) return fail(Code::unavailable, "503");
    return {};
  };
  CHECK(collect_domain(shop.objects, "trusted", shop.options()).error().code == Code::unavailable);
  CHECK(shop.objects.keys("/packs/") == before);
}

TEST_CASE("domains are found, and only what is laid out as one") {
  MemoryObjects objects;
  CHECK(list_domains(objects)->empty());
  for (const char* key : {"fork/v1/packs/00/x", "other/file", "trusted/v1/probe/conditions",
                          "trusted-2/v1/doctor/x/y", "z/v2/packs/00/x"}) {
    objects.set(key, {});
  }
  CHECK(*list_domains(objects) == std::vector<std::string>{"fork", "trusted", "trusted-2"});
}

}  // namespace
}  // namespace sluice::store
