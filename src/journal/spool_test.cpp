#include "journal/spool.hpp"

#include "base/deadline.hpp"
#include "sys/process_identity.hpp"

#include <doctest/doctest.h>

#include <thread>

namespace sluice::journal {
namespace {

std::vector<Event> read_all(const Spool& spool) {
  const auto bytes = sys::read_file(spool.file, k_spool_bytes_max);
  REQUIRE(bytes);
  REQUIRE(*bytes);
  return decode(**bytes);
}

}  // namespace

TEST_CASE("spool: many appenders at once lose nothing") {
  const auto place = sys::TempDirectory::create("spool");
  REQUIRE(place);
  const sys::Path journal = place->path() / "journal";
  constexpr int k_threads = 8;
  constexpr int k_events = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < k_threads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < k_events; ++k) {
        const std::vector<Event> events = {{k, Fault{"r", "m", 1}}};
        CHECK(append(journal, "one", events));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto list = spools(journal);
  REQUIRE(list.size() == 1);
  CHECK(list.front().id == "one");
  CHECK(read_all(list.front()).size() == k_threads * k_events);
  const auto info = sys::stat_file(journal);
  CHECK(((*info)->mode & 0777U) == 0700U);
}

TEST_CASE("spool: it is ended by a command's end, or by an hour's silence") {
  const auto place = sys::TempDirectory::create("spool");
  const sys::Path journal = place->path() / "journal";
  std::vector<Event> events = {{1, Fault{"r", "m", 1}}};
  REQUIRE(append(journal, "one", events));
  const auto list = spools(journal);
  REQUIRE(list.size() == 1);
  CHECK_FALSE(is_ended(list.front(), events));
  REQUIRE(sys::touch(list.front().file, unix_now_ns() - 2 * k_spool_silent_ns));
  CHECK(is_ended(list.front(), events));
  REQUIRE(sys::touch(list.front().file, unix_now_ns()));
  events.push_back({2, CommandEnded{}});
  CHECK(is_ended(list.front(), events));
}

TEST_CASE("spool: it is ended soon after a process that died without a word") {
  const auto place = sys::TempDirectory::create("spool");
  const sys::Path journal = place->path() / "journal";
  CommandBegan began;
  const auto is_ended_after = [&](UnixNanos silent_ns) {
    const std::vector<Event> events = {{1, began}, {2, Fault{"r", "m", 1}}};
    REQUIRE(append(journal, "one", events));
    const Spool spool = spools(journal).front();
    REQUIRE(sys::touch(spool.file, unix_now_ns() - silent_ns));
    return is_ended(spool, events);
  };
  CHECK_FALSE(is_ended_after(2 * k_spool_orphan_silent_ns));  // nobody knows who wrote it
  began.process = sys::process_identity();
  CHECK_FALSE(is_ended_after(2 * k_spool_orphan_silent_ns));
  began.process += "1";  // one that had our id before us
  CHECK(is_ended_after(2 * k_spool_orphan_silent_ns));
  CHECK_FALSE(is_ended_after(0));
}

TEST_CASE("spool: a name that would lead elsewhere is refused, a full one takes no more") {
  const auto place = sys::TempDirectory::create("spool");
  const sys::Path journal = place->path() / "journal";
  const std::vector<Event> events = {{1, Fault{"r", "m", 1}}};
  for (const char* id : {"", "a/b", "..", ".x"}) {
    CHECK(append(journal, id, events).error().code == Code::invalid);
  }
  REQUIRE(append(journal, "one", events));
  std::filesystem::resize_file(spools(journal).front().file, k_spool_bytes_max);
  CHECK(append(journal, "one", events).error().code == Code::exhausted);
}

}  // namespace sluice::journal
