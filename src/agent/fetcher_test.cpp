#include "agent/fetcher.hpp"

#include "agent/link_record.hpp"
#include "agent/testing.hpp"
#include "store/publisher.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>

namespace sluice::agent {
namespace {

using store::testing::Files;
using store::testing::MemoryObjects;

// A store that holds `count` outputs, the index of them, and an empty local tier. With a link time
// the last one is a linked program.
struct Shop {
  explicit Shop(int count, std::size_t size = 1000,
                store::ScopeKind kind = store::ScopeKind::branch,
                std::optional<std::chrono::microseconds> link_time = std::nullopt) {
    Files files;
    store::PublishOptions options;
    options.domain = "trusted";
    options.staging = files.staging();
    store::Publisher publisher(objects, options, nullptr);
    for (int i = 0; i < count; ++i) {
      const Bytes body = testing::body_of(i, size);
      store::Record record = store::testing::record_of(testing::action_of(i), body);
      if (link_time && i == count - 1) {
        record.kind = store::Kind::link;
        record.name = link_time_name(*link_time);
      }
      REQUIRE(publisher.add(record, files.write(body), testing::soon()));
      records.push_back(record);
    }
    REQUIRE(publisher.flush(testing::soon()));
    store::ManifestInfo info;
    info.domain = "trusted";
    const store::Scope scope{kind, "scope:x:y"};
    REQUIRE(publisher.publish(info, records, {scope}, testing::soon()));
    auto loaded = store::load_scopes(objects, {"trusted"}, {scope}, testing::soon());
    auto filled = std::make_shared<store::Index>();
    for (auto& one : loaded.manifests) filled->add(std::move(one.manifest), one.from);
    index = filled;
    REQUIRE(index->size() == static_cast<std::size_t>(count));
  }
  bool has(int number) {
    const auto hit = tier.find(testing::action_of(number));
    return hit && *hit;
  }

  MemoryObjects objects;
  std::vector<store::Record> records;
  std::shared_ptr<const store::Index> index;
  sys::TempDirectory directory = *sys::TempDirectory::create("sluice-fetch-");
  gotool::LocalTier tier = *gotool::LocalTier::open(directory.path() / "tier");
  FaultBook faults;
};

struct Waiting {
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  Fetcher::Done done() {
    return [this](const Result<void>& result) { ++(result ? good : bad); };
  }
  void reach(int count) const {
    const Deadline deadline = testing::soon();
    while (good + bad < count && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

TEST_CASE("what is wanted comes, and is counted") {
  Shop shop(10);
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  Waiting waiting;
  for (int i = 0; i < 10; ++i) {
    fetcher.want(shop.index, *shop.index->find(testing::action_of(i)), waiting.done());
    fetcher.want(shop.index, *shop.index->find(testing::action_of(i)), waiting.done());
  }
  waiting.reach(20);
  CHECK(waiting.good == 20);
  for (int i = 0; i < 10; ++i) CHECK(shop.has(i));
  CHECK(fetcher.totals().bytes_down > 0);
}

TEST_CASE("everything of the index comes ahead, in few requests") {
  Shop shop(200);
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  fetcher.bring_ahead(shop.index, shop.index->in_use_order());
  REQUIRE(fetcher.wait_idle(testing::soon()));
  for (int i = 0; i < 200; ++i) CHECK(shop.has(i));
  CHECK(fetcher.totals().prefetched == 200);
  CHECK(shop.objects.ranges() <= 20);
}

TEST_CASE("where go has overtaken the stream, what follows comes along") {
  Shop shop(400, 8000);
  std::atomic<unsigned> requests = 0;
  std::atomic<bool> held = true;  // the stream's first requests stand still
  shop.objects.before_get = [&](std::string_view) -> Result<void> {
    const Deadline deadline = testing::soon();
    if (requests++ >= k_streams_first) return {};
    while (held && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  };
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  fetcher.bring_ahead(shop.index, shop.index->in_use_order());
  const Deadline deadline = testing::soon();
  while (requests < k_streams_first && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Waiting waiting;
  fetcher.want(shop.index, *shop.index->find(testing::action_of(390)), waiting.done());
  waiting.reach(1);
  CHECK(waiting.good == 1);
  while (!shop.has(399) && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (int i = 390; i < 400; ++i) CHECK(shop.has(i));
  CHECK(requests == k_streams_first + 1);
  CHECK(!shop.has(389));
  held = false;
  REQUIRE(fetcher.wait_idle(testing::soon()));
  for (int i = 0; i < 400; ++i) CHECK(shop.has(i));
  CHECK(fetcher.totals().prefetched == 399);
}

TEST_CASE("a program that was linked at this very commit comes ahead, where that is worth it") {
  struct Case {
    store::ScopeKind kind;
    std::chrono::microseconds link_time;
    bool comes;
  };
  for (const Case& one : {Case{store::ScopeKind::commit, std::chrono::seconds(5), true},
                          Case{store::ScopeKind::commit, std::chrono::microseconds(1), false},
                          Case{store::ScopeKind::branch, std::chrono::seconds(5), false}}) {
    CAPTURE(static_cast<int>(one.kind));
    CAPTURE(one.link_time.count());
    Shop shop(20, 100'000, one.kind, one.link_time);
    const auto links = gotool::LinkCache::open(shop.directory.path() / "links");
    REQUIRE(links);
    Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
    fetcher.use_links(&*links);
    fetcher.bring_ahead(shop.index, shop.index->in_use_order());
    REQUIRE(fetcher.wait_idle(testing::soon()));
    for (int i = 0; i < 19; ++i) CHECK(shop.has(i));
    CHECK_FALSE(shop.has(19));
    const auto found = links->find(testing::action_of(19));
    REQUIRE(found);
    CHECK(found->has_value() == one.comes);
    CHECK(shop.faults.all().empty());
    const std::uint64_t before = fetcher.totals().bytes_down;
    // The toolexec that asks for it finds it, or has it brought.
    Waiting waiting;
    fetcher.want(shop.index, *shop.index->find(testing::action_of(19)), waiting.done());
    waiting.reach(1);
    CHECK(waiting.good == 1);
    CHECK((fetcher.totals().bytes_down == before) == one.comes);
    CHECK(links->find(testing::action_of(19))->has_value());
  }
}

TEST_CASE("a job that uses outputs in another order than they were packed asks for few ranges") {
  Shop shop(400, 20'000);  // two packs
  std::atomic<int> requests = 0;
  shop.objects.before_get = [&](std::string_view) -> Result<void> {
    ++requests;
    return {};
  };
  std::vector<const store::Entry*> entries = shop.index->in_use_order();
  // Near each other and never in order.
  std::mt19937 random(1);
  for (auto at = entries.begin(); at != entries.end(); at += 200) {
    std::shuffle(at, at + 200, random);
  }
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  fetcher.bring_ahead(shop.index, entries);
  REQUIRE(fetcher.wait_idle(testing::soon()));
  for (int i = 0; i < 400; ++i) CHECK(shop.has(i));
  CHECK(requests <= 80);
}

TEST_CASE("who waits is let go, and what was under way still arrives") {
  Shop shop(3);
  std::atomic<bool> held = true;
  shop.objects.before_get = [&](std::string_view) -> Result<void> {
    const Deadline deadline = testing::soon();
    while (held && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  };
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  Waiting waiting;
  for (int i = 0; i < 3; ++i) {
    fetcher.want(shop.index, *shop.index->find(testing::action_of(i)), waiting.done());
  }
  fetcher.let_go(false);  // nobody has waited for long
  CHECK(waiting.bad == 0);
  fetcher.let_go(true);
  CHECK(waiting.bad == 3);
  held = false;
  fetcher.want(shop.index, *shop.index->find(testing::action_of(0)), waiting.done());
  waiting.reach(4);
  CHECK(waiting.good == 1);
  CHECK(shop.has(0));
}

TEST_CASE("a paused fetcher brings only what is asked for") {
  Shop shop(50);
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  fetcher.pause_ahead(true);
  fetcher.bring_ahead(shop.index, shop.index->in_use_order());
  Waiting waiting;
  fetcher.want(shop.index, *shop.index->find(testing::action_of(3)), waiting.done());
  waiting.reach(1);
  CHECK(waiting.good == 1);
  CHECK(shop.has(3));
  CHECK(!shop.has(4));
}

TEST_CASE("damaged or missing bytes are never published, and whoever waits is told") {
  Shop shop(8);
  for (const std::string& key : shop.objects.keys("/packs/")) {
    Bytes bytes = shop.objects.bytes_at(key);
    SUBCASE("flipped") {
      for (std::size_t i = 0; i < bytes.size(); i += 50) bytes[i] ^= std::byte{0x40};
      shop.objects.set(key, bytes);
    }
    SUBCASE("cut short") {
      bytes.resize(bytes.size() / 50);
      shop.objects.set(key, bytes);
    }
    SUBCASE("gone") { shop.objects.erase(key); }
  }
  Waiting waiting;
  std::atomic<int> told = 0;
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults,
                  [&told](const BlobId&) { ++told; });
  for (int i = 0; i < 8; ++i) {
    fetcher.want(shop.index, *shop.index->find(testing::action_of(i)), waiting.done());
  }
  waiting.reach(8);
  CHECK(waiting.good + waiting.bad == 8);
  CHECK(told == waiting.bad);
  CHECK(waiting.bad > 0);
  CHECK(!shop.faults.all().empty());
  for (int i = 0; i < 8; ++i) {
    const auto hit = shop.tier.find(testing::action_of(i));
    if (!hit || !*hit) continue;
    const auto bytes = sys::read_file((*hit)->disk_path, 1U << 20U);
    CHECK(sha256_as<BlobId>(**bytes) == shop.records[static_cast<std::size_t>(i)].output);
  }
}

TEST_CASE("what is damaged and not asked for is distrusted in silence") {
  Shop shop(8);
  for (const std::string& key : shop.objects.keys("/packs/")) shop.objects.erase(key);
  std::atomic<int> told = 0;
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults,
                  [&told](const BlobId&) { ++told; });
  std::vector<const store::Entry*> entries;
  entries.reserve(8);
  for (int i = 0; i < 8; ++i) entries.push_back(shop.index->find(testing::action_of(i)));
  fetcher.bring_ahead(shop.index, entries);
  CHECK(fetcher.wait_idle(testing::soon()));
  CHECK(told > 0);
  CHECK(shop.faults.all().empty());
  Waiting waiting;
  fetcher.want(shop.index, *entries[0], waiting.done());
  waiting.reach(1);
  CHECK(waiting.bad == 1);
  CHECK_FALSE(shop.faults.all().empty());
}

TEST_CASE("bytes that lie here under another action are linked, not fetched") {
  Shop shop(1);
  const Bytes body = testing::body_of(0, 1000);
  REQUIRE(shop.tier.put(testing::action_of(77), sha256_as<BlobId>(body), body, 1));
  Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
  Waiting waiting;
  fetcher.want(shop.index, *shop.index->find(testing::action_of(0)), waiting.done());
  waiting.reach(1);
  CHECK(waiting.good == 1);
  CHECK(shop.has(0));
  CHECK(fetcher.totals().bytes_down == 0);
}

TEST_CASE("a stopped fetcher leaves nobody waiting") {
  Shop shop(4);
  Waiting waiting;
  {
    Fetcher fetcher(shop.objects, shop.tier, shop.directory.path(), shop.faults);
    for (int i = 0; i < 4; ++i) {
      fetcher.want(shop.index, *shop.index->find(testing::action_of(i)), waiting.done());
    }
    fetcher.stop();
    fetcher.want(shop.index, *shop.index->find(testing::action_of(0)), waiting.done());
  }
  CHECK(waiting.good + waiting.bad == 5);
}

}  // namespace
}  // namespace sluice::agent
