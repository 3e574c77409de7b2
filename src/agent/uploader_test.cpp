#include "agent/uploader.hpp"

#include "agent/testing.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <atomic>

namespace sluice::agent {
namespace {

using store::testing::MemoryObjects;

struct Desk {
  testing::Machine machine;
  MemoryObjects objects;
  FaultBook faults;
  gotool::LocalTier tier = machine.tier();
  IndexKeeper keeper{machine.config, objects, faults};

  Desk() { keeper.refresh(machine.env); }

  store::Record make(int number, const Bytes& body, store::Kind kind = store::Kind::archive) {
    store::Record record = store::testing::record_of(testing::action_of(number), body);
    record.kind = kind;
    REQUIRE(tier.put(record.action, record.output, body, record.time_ns));
    return record;
  }
  // What another job would find.
  std::vector<store::Entry> published() {
    auto loaded = store::load_scopes(objects, {"trusted"}, keeper.write_scopes(), testing::soon());
    CHECK(loaded.faults.empty());
    if (loaded.manifests.empty()) return {};
    return loaded.manifests.front().manifest.entries;
  }
};

TEST_CASE("records are published in order of first use, each blob once") {
  Desk desk;
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  const Bytes body = testing::body_of(1, 4000);
  for (int i = 0; i < 10; ++i)
    uploader.made(desk.make(i, i % 2 == 0 ? body : testing::body_of(i, 700)));
  uploader.made(desk.make(3, testing::body_of(3, 700)));  // used once more
  REQUIRE(uploader.drain(testing::soon()));
  const auto entries = desk.published();
  REQUIRE(entries.size() == 10);
  for (int i = 0; i < 10; ++i) {
    CHECK(entries[static_cast<std::size_t>(i)].record.action == testing::action_of(i));
  }
  CHECK(uploader.totals().blobs_up == 6);
  CHECK(uploader.totals().drained);
  CHECK(uploader.totals().pending_bytes == 0);
}

TEST_CASE("what can be made up for quickly waits while every processor is busy") {
  Desk desk;
  std::atomic<bool> idle = false;
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults,
                    nullptr, [&idle] { return idle.load(); });
  constexpr std::size_t k_size = 1U << 20U;
  int number = 0;
  const auto make = [&] {
    ++number;
    uploader.made(desk.make(number, testing::body_of(number, k_size)));
  };
  const auto is_taken = [&uploader] {
    const Deadline deadline = testing::soon();
    while (uploader.totals().pending_bytes > 0 && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return uploader.totals().pending_bytes == 0;
  };
  // Until the rate is known everything goes at once.
  for (int i = 0; i < 4; ++i) make();
  CHECK(is_taken());
  make();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(uploader.totals().pending_bytes == k_size);
  SUBCASE("until one is idle") { idle = true; }
  SUBCASE("until go has ended") { uploader.request_publish(); }
  SUBCASE("until somebody waits") { CHECK(uploader.drain(testing::soon())); }
  CHECK(is_taken());
}

TEST_CASE("uploads let downloads pass, and whoever waits lets them go on") {
  Desk desk;
  std::atomic<bool> idle = false;
  const auto downloads_idle = [&idle](Deadline deadline) {
    while (!idle && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return idle.load();
  };
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults,
                    downloads_idle, [] { return true; });
  uploader.made(desk.make(1, testing::body_of(1, 2U << 20U)));
  uploader.made(desk.make(2, testing::body_of(2, 2U << 20U)));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  CHECK(desk.objects.keys().empty());
  SUBCASE("when they have ended") {
    idle = true;
    const Deadline deadline = testing::soon();
    while (uploader.totals().pending_bytes > 0 && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(desk.objects.keys("/blobs/").size() == 2);
  }
  SUBCASE("when somebody waits") {
    CHECK(uploader.drain(testing::soon()));
    CHECK(desk.published().size() == 2);
  }
}

TEST_CASE("on a slow line uploads go on beside a busy machine") {
  Desk desk;
  constexpr auto k_put_time = std::chrono::seconds(1);
  desk.objects.before_put = [&](std::string_view) -> Result<void> {
    std::this_thread::sleep_for(k_put_time);
    return {};
  };
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults,
                    nullptr, [] { return false; });
  constexpr std::size_t k_size = 500'000;  // eight or nine make a pack
  constexpr std::size_t k_count = 60;      // about seven seconds of that line
  for (std::size_t i = 0; i < k_count; ++i) {
    const int number = static_cast<int>(i);
    uploader.made(desk.make(number, testing::body_of(number, k_size)));
  }
  // It stops where the rest is little, which is a bit less than half of it, and not before.
  const Deadline deadline = Deadline::after(3 * testing::k_soon);
  const auto pending = [&] { return uploader.totals().pending_bytes; };
  while (pending() > k_count * k_size * 2 / 3 && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(pending() <= k_count * k_size * 2 / 3);
  std::this_thread::sleep_for(6 * k_put_time);  // enough for nearly all of it
  CHECK(pending() > k_count * k_size / 6);
}

TEST_CASE("uploads run last until somebody waits, and again afterwards") {
  Desk desk;
  std::mutex mutex;
  std::vector<int> niceness;
  std::atomic<bool> held = true;
  desk.objects.before_put = [&](std::string_view) -> Result<void> {
    const Deadline deadline = testing::soon();
    {
      const std::lock_guard lock(mutex);
      niceness.push_back(::getpriority(PRIO_PROCESS, 0));
    }
    while (held && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  };
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return niceness.size();
  };
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults,
                    nullptr, [] { return true; });
  for (int round = 0; round < 2; ++round) {
    held = true;
    const std::size_t before = count();
    // Each is uploaded by itself; the first keeps the thread that runs last busy.
    for (int i = 0; i < 2; ++i) {
      uploader.made(desk.make(2 * round + i, testing::body_of(2 * round + i, 2U << 20U)));
    }
    const Deadline deadline = testing::soon();
    while (count() == before && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    REQUIRE(count() == before + 1);
    CHECK(niceness[before] == 19);
    std::thread waiting([&] { CHECK(uploader.drain(testing::soon())); });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // it waits by now
    held = false;
    waiting.join();
    REQUIRE(count() > before + 1);
    CHECK(niceness.back() < 19);
  }
}

TEST_CASE("a second publish keeps the first one's records") {
  Desk desk;
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  uploader.made(desk.make(1, testing::body_of(1, 500)));
  REQUIRE(uploader.drain(testing::soon()));
  const int puts = desk.objects.puts();
  REQUIRE(uploader.drain(testing::soon()));
  CHECK(desk.objects.puts() == puts);  // nothing new: nothing is written
  uploader.made(desk.make(2, testing::body_of(2, 500)));
  REQUIRE(uploader.drain(testing::soon()));
  CHECK(desk.published().size() == 2);
}

TEST_CASE("index entries of a fresh checkout stay here") {
  Desk desk;
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  // Go's index of one package without files (cmd/go/internal/modindex/index_format.txt): offset of
  // the string table, one package "sub" at 28, its error, directory and file count, then the
  // strings.
  using namespace std::string_view_literals;  // NOLINT(google-build-using-namespace)
  const auto index =
      "go index v2\n\x28\0\0\0\x01\0\0\0\x01\0\0\0"
      "\x1c\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x03sub\xff"sv;
  uploader.made(desk.make(1, copy_of(bytes_of(index)), store::Kind::package_index));
  uploader.made(desk.make(2, testing::body_of(2, 500)));
  REQUIRE(uploader.drain(testing::soon()));
  CHECK(desk.published().size() == 1);
  CHECK(uploader.totals().index_entries_skipped == 1);
}

TEST_CASE("a body that is not what its name says is left out") {
  Desk desk;
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  const store::Record record = desk.make(1, testing::body_of(1, 500));
  REQUIRE(sys::write_file_atomic(desk.tier.blob_path(record.output), testing::body_of(9, 500)));
  uploader.made(record);
  uploader.made(desk.make(2, testing::body_of(2, 500)));
  REQUIRE(uploader.drain(testing::soon()));
  CHECK(desk.published().size() == 1);
  CHECK(desk.faults.all().contains("upload"));
}

TEST_CASE("what the store lost or spoiled is uploaded anew once it is made again") {
  Desk desk;
  const store::Record record = desk.make(1, testing::body_of(1, 500));
  {
    Uploader first(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
    first.made(record);
    REQUIRE(first.drain(testing::soon()));
  }
  const std::string pack = desk.objects.keys("/packs/").at(0);
  const Bytes whole = desk.objects.bytes_at(pack);
  SUBCASE("gone") { desk.objects.erase(pack); }
  SUBCASE("spoiled") { desk.objects.set(pack, Bytes(whole.size())); }
  desk.keeper.refresh(desk.machine.env);
  Uploader second(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  second.seed(desk.keeper.own_records());
  second.distrust(record.output);
  second.made(record);
  REQUIRE(second.drain(testing::soon()));
  CHECK(desk.objects.bytes_at(pack) == whole);
  CHECK(desk.published().size() == 1);
}

TEST_CASE("a store that refuses is a fault, and a drain still ends") {
  Desk desk;
  desk.objects.before_put = [](std::string_view) -> Result<void> {
    return fail(Code::exhausted, "no space left");
  };
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  uploader.made(desk.make(1, testing::body_of(1, 500)));
  CHECK_FALSE(uploader.drain(testing::soon()));  // it ends, and says that not all is there
  CHECK(uploader.totals().lost > 0);
  CHECK(desk.faults.all().contains("upload"));
  CHECK(desk.objects.keys().empty());
  desk.objects.before_put = nullptr;
  uploader.made(desk.make(2, testing::body_of(2, 500)));
  (void)uploader.drain(testing::soon());
  CHECK(desk.published().size() == 2);  // the pack that was refused is still there
  CHECK(uploader.totals().lost == 0);
}

TEST_CASE("a store that says no at once is not waited for again and again") {
  Desk desk;
  std::atomic<int> asked = 0;
  std::atomic<int> pauses = 0;
  desk.objects.before_put = [&asked](std::string_view) -> Result<void> {
    ++asked;
    return fail(Code::io, "400");
  };
  Uploader uploader(
      desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults, nullptr,
      [] { return true; }, [&pauses](bool begins) { pauses += begins ? 1 : 0; });
  // Small ones wait for their pack: that they are taken says nothing of the store.
  for (int i = 0; i < 20; ++i) {
    uploader.made(desk.make(i, testing::body_of(i, i % 2 == 0 ? 2U << 20U : 500U)));
  }
  CHECK_FALSE(uploader.drain(testing::soon()));
  CHECK(pauses == 2);
  CHECK(asked < 20);
}

TEST_CASE("a store that fails for a moment loses nothing") {
  Desk desk;
  std::atomic<int> left = 2;
  desk.objects.before_put = [&left](std::string_view) -> Result<void> {
    if (left-- > 0) return fail(Code::unavailable, "try again");
    return {};
  };
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  uploader.made(desk.make(1, testing::body_of(1, 500)));
  CHECK(uploader.drain(testing::soon()));
  CHECK(desk.published().size() == 1);
  CHECK(desk.faults.all().empty());
}

TEST_CASE("a store that was out for a while gets all of it after all") {
  Desk desk;
  std::atomic<bool> is_out = true;
  std::atomic<int> asked = 0;
  desk.objects.before_put = [&](std::string_view) -> Result<void> {
    ++asked;
    if (is_out) return fail(Code::denied, "not now");
    return {};
  };
  Uploader uploader(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  constexpr int k_count = 8;  // each goes alone
  for (int i = 0; i < k_count; ++i) uploader.made(desk.make(i, testing::body_of(i, 2U << 20U)));
  CHECK_FALSE(uploader.drain(testing::soon()));
  CHECK(uploader.totals().lost == k_count);
  CHECK(uploader.totals().pending_bytes == 0);
  const int before = asked;
  CHECK_FALSE(uploader.drain(testing::soon()));  // at once: the store is asked for nothing
  CHECK(asked == before);
  uploader.made(desk.make(k_count, testing::body_of(k_count, 500)));
  is_out = false;
  std::this_thread::sleep_for(k_give_up_pause + std::chrono::milliseconds(100));
  CHECK(uploader.drain(testing::soon()));
  CHECK(uploader.totals().lost == 0);
  CHECK(desk.published().size() == k_count + 1);
}

TEST_CASE("read-only and no store are drained from the start") {
  Desk desk;
  desk.machine.config.read_only = true;
  Uploader read_only(desk.machine.config, &desk.objects, &desk.keeper, desk.tier, desk.faults);
  read_only.made(desk.make(1, testing::body_of(1, 500)));
  CHECK(read_only.drain(Deadline::after(std::chrono::milliseconds(0))));
  Uploader none(desk.machine.config, nullptr, nullptr, desk.tier, desk.faults);
  none.made(desk.make(2, testing::body_of(2, 500)));
  CHECK(none.drain(Deadline::after(std::chrono::milliseconds(0))));
  CHECK(desk.objects.keys().empty());
}

}  // namespace
}  // namespace sluice::agent
