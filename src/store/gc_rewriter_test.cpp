#include "store/gc_rewriter.hpp"

#include "store/fetch.hpp"
#include "store/gc_state.hpp"
#include "store/publisher.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::body_of;
using testing::MemoryObjects;
using testing::soon;

constexpr std::size_t k_body_size = 20'000;
constexpr std::uint64_t k_bodies = 8;  // of the first job, in one pack
constexpr const char* k_pack = "/packs/";

Trust signs(std::uint64_t number) {
  Trust trust{"trusted"};
  trust.key = std::make_shared<const SigningKey>(*SigningKey::from_seed(body_of(number, 32)));
  trust.keys.trust(trust.key->public_key());
  return trust;
}

struct Shop {
  explicit Shop(Capabilities can = {true, true, true}) : objects(can) {}

  // A job that uses these bodies; what the head knows already is not uploaded again.
  void publish(const std::string& scope, const std::vector<std::uint64_t>& numbers,
               const std::string& job = "build", const Trust& trust = {"trusted"}) {
    const Scope where{ScopeKind::branch, scope};
    auto index = std::make_shared<Index>();
    for (const Scope& from : {where, Scope{ScopeKind::branch, "branch:main"}}) {
      LoadedScopes loaded = load_scopes(objects, trust, {from}, soon());
      for (LoadedManifest& one : loaded.manifests) index->add(std::move(one.manifest), one.from);
    }
    PublishOptions options;
    options.domain = "trusted";
    options.trust = trust;
    Publisher publisher(objects, options, index);
    std::vector<Record> records;
    for (const std::uint64_t number : numbers) {
      const Bytes body = body_of(number, k_body_size);
      records.push_back(testing::record_of(testing::action_of(number), body));
      REQUIRE(publisher.add_bytes(records.back(), body, soon()).has_value());
    }
    REQUIRE(publisher.flush(soon()).has_value());
    ManifestInfo info;
    info.job_name = job;
    info.job_run = std::to_string(++runs);
    info.job_id = info.job_run;
    info.go_version = "go1.99";
    info.producer = "sluice 9";
    info.created_ns = runs;
    REQUIRE(publisher.publish(info, records, {where}, soon()).has_value());
  }

  // One pack of eight bodies, of which a later run needs one, and two heads that list it.
  void wear_out(const Trust& trust = {"trusted"}) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < k_bodies; ++i) all.push_back(i);
    publish("branch:main", all, "build", trust);
    publish("branch:main", {0}, "build", trust);
    publish("branch:other", {0}, "build", trust);
  }

  GcReport collect(GcOptions options = {}) {
    options.holder = "test";
    options.policy.age_max = std::chrono::hours(24 * 365);
    options.policy.grace = std::chrono::milliseconds(0);
    auto report = collect_domain(objects, "trusted", options);
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
    CHECK_MESSAGE(report->failures == 0, report->first_failure);
    return std::move(*report);
  }
  // What collecting leaves when it is repeated.
  void collect_all(const GcOptions& options = {}) {
    for (int i = 0; i < 5; ++i) collect(options);
  }

  Head head(const std::string& scope) const {
    return *decode_head(objects.bytes_at(head_key("trusted", scope)));
  }
  // Every record of the heads and its bytes, whole.
  std::map<ActionId, Bytes> answers(const std::string& scope, const Trust& trust = {"trusted"}) {
    std::map<ActionId, Bytes> found;
    const LoadedScopes loaded = load_scopes(objects, trust, {{ScopeKind::branch, scope}}, soon());
    CHECK(loaded.faults.empty());
    for (const LoadedManifest& one : loaded.manifests) {
      for (const Entry& entry : one.manifest.entries) {
        Bytes bytes;
        const auto fetched = fetch_blob(
            objects, entry,
            [&](ByteView piece) -> Result<void> {
              append(bytes, piece);
              return {};
            },
            soon());
        CHECK_MESSAGE(fetched.has_value(), (fetched ? "" : fetched.error().message));
        found[entry.record.action] = std::move(bytes);
      }
    }
    return found;
  }
  std::uint64_t pack_bytes() const {
    std::uint64_t sum = 0;
    for (const std::string& key : objects.keys(k_pack)) sum += objects.bytes_at(key).size();
    return sum;
  }

  MemoryObjects objects;
  int runs = 0;
};

TEST_CASE("what is needed of a pack that is mostly dead is copied, and the rest goes") {
  Shop shop;
  shop.wear_out();
  const Head before = shop.head("branch:main");
  const auto answers = shop.answers("branch:main");
  REQUIRE(shop.objects.keys(k_pack).size() == 1);
  const std::uint64_t size = shop.pack_bytes();

  GcOptions dry;
  dry.dry_run = true;
  const int puts = shop.objects.puts();
  const GcReport told = shop.collect(dry);
  CHECK(shop.objects.puts() == puts);
  CHECK(told.rewriting.packs.rewritten == GcTally{1, size});
  CHECK(told.rewriting.manifests == 2);
  CHECK(told.rewriting.live_bytes < size / 7);

  const GcReport report = shop.collect();
  CHECK(report.rewriting.packs.rewritten == GcTally{1, size});
  CHECK(report.rewriting.written.objects == 1);
  CHECK(report.rewriting.written.bytes < size / 7);
  CHECK(report.rewriting.manifests == 2);
  CHECK(report.rewriting.heads == 2);
  CHECK(shop.objects.keys(k_pack).size() == 2);

  const Head after = shop.head("branch:main");
  CHECK(after.updated_ns == before.updated_ns);
  CHECK(after.counter > before.counter);
  REQUIRE(after.manifests.size() == before.manifests.size());
  CHECK(after.manifests[0].id != before.manifests[0].id);
  CHECK(after.manifests[0].created_ns == before.manifests[0].created_ns);
  CHECK(after.manifests[0].job_run == before.manifests[0].job_run);
  const auto old = *decode_manifest(before.manifests[0].inlined);
  const auto now = *decode_manifest(after.manifests[0].inlined);
  CHECK(old.info == now.info);
  CHECK(old.entries[0].record == now.entries[0].record);
  CHECK(old.entries[0].location != now.entries[0].location);
  CHECK(shop.answers("branch:main") == answers);

  shop.collect_all();
  CHECK(shop.pack_bytes() < size / 7);
  CHECK(shop.answers("branch:main") == answers);
  CHECK(shop.answers("branch:other") == answers);
  CHECK(shop.collect().rewriting.packs.rewritten.objects == 0);  // all of it is needed
}

TEST_CASE("several packs become one, and nothing happens where it is switched off") {
  Shop shop;
  for (std::uint64_t pack = 0; pack < 3; ++pack) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < k_bodies; ++i) all.push_back(100 * pack + i);
    shop.publish("branch:main", all, "build " + std::to_string(pack));
    shop.publish("branch:main", {100 * pack}, "build " + std::to_string(pack));
  }
  CHECK(shop.objects.keys(k_pack).size() == 3);
  GcOptions off;
  off.policy.pack_live_percent = 0;
  CHECK(shop.collect(off).rewriting.packs.rewritten.objects == 0);
  const auto answers = shop.answers("branch:main");
  shop.collect_all();
  CHECK(shop.objects.keys(k_pack).size() == 1);
  CHECK(shop.answers("branch:main") == answers);
}

TEST_CASE("signed heads are rewritten by who has the key, and by nobody else") {
  const Trust trust = signs(1);
  Shop shop;
  shop.wear_out(trust);
  const std::uint64_t size = shop.pack_bytes();
  GcReport report = shop.collect();
  CHECK(report.rewriting.packs.rewritten.objects == 0);
  CHECK(report.rewriting.packs.is_signed == GcTally{1, size});
  GcOptions other;
  other.trust = signs(2);
  CHECK(shop.collect(other).rewriting.packs.is_signed.objects == 1);
  GcOptions reads_only;
  reads_only.trust = trust;
  reads_only.trust.key = nullptr;
  CHECK(shop.collect(reads_only).rewriting.packs.is_signed.objects == 1);

  // One that trusts both, and signs with another one.
  GcOptions ours;
  ours.trust = signs(2);
  ours.trust.keys.trust(trust.key->public_key());
  const auto answers = shop.answers("branch:main", ours.trust);
  shop.collect_all(ours);
  CHECK(shop.pack_bytes() < size / 7);
  CHECK(shop.answers("branch:main", ours.trust) == answers);
  const Head head = shop.head("branch:main");
  CHECK(head.signature.key_id == key_id_of(ours.trust.key->public_key()));
  CHECK(decode_manifest(head.manifests[0].inlined)->signature.is_signed());
}

TEST_CASE("what nobody signed stays unsigned") {
  Shop shop;
  shop.wear_out();
  GcOptions keyed;
  keyed.trust = signs(1);
  CHECK(shop.collect(keyed).rewriting.heads == 2);
  const Head head = shop.head("branch:main");
  CHECK_FALSE(head.signature.is_signed());
  CHECK_FALSE(decode_manifest(head.manifests[0].inlined)->signature.is_signed());
}

TEST_CASE("an older head that was put back is not made a new one") {
  Shop shop;
  const testing::Files files;
  Trust trust = signs(1);
  trust.memory = std::make_shared<HeadMemory>(files.path() / "heads");
  shop.wear_out(trust);
  const std::string key = head_key("trusted", "branch:main");
  const Bytes old = shop.objects.bytes_at(key);
  shop.publish("branch:main", {0}, "test", trust);
  shop.objects.set(key, old);
  GcOptions ours;
  ours.trust = trust;
  const GcReport report = shop.collect(ours);
  CHECK(report.rewriting.packs.is_signed.objects == 1);
  CHECK(shop.objects.bytes_at(key) == old);
}

TEST_CASE("a head that somebody writes meanwhile keeps what was written") {
  Shop shop;
  shop.wear_out();
  const std::string key = head_key("trusted", "branch:main");
  bool is_rewriting = false;
  int written = 0;
  shop.objects.before_put = [&](std::string_view put) -> Result<void> {
    if (put.contains(k_pack)) is_rewriting = true;
    if (is_rewriting && put == key && written++ == 0) {
      shop.objects.before_put = nullptr;
      shop.publish("branch:main", {0, 1}, "test");
    }
    return {};
  };
  const GcReport report = shop.collect();
  CHECK(written == 1);
  CHECK(report.rewriting.heads == 2);
  const Head head = shop.head("branch:main");
  REQUIRE(head.manifests.size() == 2);
  CHECK(head.manifests[0].job_name == "test");
  CHECK(shop.answers("branch:main").size() == 2);
  shop.collect_all();
  CHECK(shop.answers("branch:main").size() == 2);
}

TEST_CASE("a pack that is damaged or gone is left, and a store without conditions") {
  Shop shop;
  shop.wear_out();
  const std::string pack = shop.objects.keys(k_pack).front();
  const Bytes whole = shop.objects.bytes_at(pack);
  shop.objects.set(pack, Bytes(whole.size()));
  CHECK(shop.collect().rewriting.packs.faulty.objects == 1);
  const Head before = shop.head("branch:main");
  CHECK(shop.collect().rewriting.heads == 0);
  CHECK(shop.head("branch:main") == before);

  Shop blind(Capabilities{.if_absent = true, .if_match = false});
  blind.wear_out();
  const GcReport report = blind.collect();
  CHECK(report.rewriting.is_unconditional);
  CHECK(report.rewriting.heads == 0);
  CHECK(blind.objects.keys(k_pack).size() == 1);
}

TEST_CASE("what is being removed that moment is named by nobody") {
  Shop shop;
  shop.wear_out();
  // A collector that died while it removed the very pack that the copy will be.
  Shop twin;
  twin.publish("branch:main", {0});
  const auto copy = object_name("trusted", twin.objects.keys(k_pack).front());
  GcState state;
  state.domain = "trusted";
  state.batches.push_back({unix_now_ns() + 3'600'000'000'000, {*copy}});
  shop.objects.set(gc_state_key("trusted"), *encode_gc_state(state));
  const Head before = shop.head("branch:main");
  GcOptions options;
  const GcReport report = shop.collect(options);
  CHECK(report.rewriting.is_postponed);
  CHECK(shop.head("branch:main") == before);
}

TEST_CASE("a store that fails in the middle loses nothing, and the next run goes on") {
  Shop shop;
  shop.wear_out();
  const auto answers = shop.answers("branch:main");
  const std::uint64_t size = shop.pack_bytes();
  for (int fails_at = 0; fails_at < 12; ++fails_at) {
    CAPTURE(fails_at);
    bool is_rewriting = false;
    int puts = 0;
    shop.objects.before_put = [&](std::string_view key) -> Result<void> {
      if (key.contains(k_pack)) is_rewriting = true;
      if (is_rewriting && puts++ >= fails_at) return fail(Code::unavailable, "killed");
      return {};
    };
    GcOptions options;
    options.holder = std::to_string(fails_at);
    options.policy.grace = std::chrono::milliseconds(0);
    (void)collect_domain(shop.objects, "trusted", options);
    shop.objects.before_put = nullptr;
    // Nobody renews its lease.
    shop.objects.erase(gc_state_key("trusted"));
    CHECK(shop.answers("branch:main") == answers);
    CHECK(shop.answers("branch:other") == answers);
  }
  shop.collect_all();
  CHECK(shop.pack_bytes() < size / 7);
  CHECK(shop.answers("branch:main") == answers);
}

}  // namespace
}  // namespace sluice::store
