#include "sys/loop.hpp"

#include "sys/pipe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <thread>

namespace sluice::sys {
TEST_CASE("loop: a descriptor is told while there is something, and when its other end is gone") {
  auto loop = Loop::create();
  REQUIRE(loop);
  Pipe pipe = *make_pipe();
  int told = 0;
  std::size_t last = 1;
  loop->watch(pipe.reads.get(), [&] {
    ++told;
    std::array<std::byte, 4> piece{};
    last = read_some(pipe.reads.get(), piece).value_or(99);
    if (last == 0) loop->unwatch(pipe.reads.get());
  });
  REQUIRE(write_all(pipe.writes.get(), bytes_of("sixsix")));
  REQUIRE(loop->run_once());
  REQUIRE(loop->run_once());
  CHECK((told == 2 && last == 2));
  pipe.writes.reset();
  REQUIRE(loop->run_once());
  CHECK((told == 3 && last == 0));
}

TEST_CASE("loop: one callback ends the watch of another that is ready, too") {
  auto loop = Loop::create();
  REQUIRE(loop);
  Pipe first = *make_pipe();
  Pipe second = *make_pipe();
  int told = 0;
  const auto end_both = [&] {
    ++told;
    loop->unwatch(first.reads.get());
    loop->unwatch(second.reads.get());
  };
  loop->watch(first.reads.get(), end_both);
  loop->watch(second.reads.get(), end_both);
  REQUIRE(write_all(first.writes.get(), bytes_of("x")));
  REQUIRE(write_all(second.writes.get(), bytes_of("x")));
  REQUIRE(loop->run_once());
  CHECK(told == 1);
}

TEST_CASE("loop: moments come in their order, and one that is taken back does not") {
  auto loop = Loop::create();
  REQUIRE(loop);
  std::string order;
  using std::chrono::milliseconds;
  Loop::Timer third = 0;
  loop->after(milliseconds(20), [&] { order += "b"; });
  loop->after(milliseconds(1), [&] {
    order += "a";
    loop->cancel(third);
  });
  third = loop->after(milliseconds(15), [&] { order += "never"; });
  loop->cancel(12345);
  while (order.size() < 2) REQUIRE(loop->run_once());
  CHECK(order == "ab");
}

TEST_CASE("loop: who has read what was written after a post can have that done first") {
  auto loop = Loop::create();
  REQUIRE(loop);
  Pipe before = *make_pipe();  // its descriptors are the smaller ones, which are told first
  Pipe pipe = *make_pipe();
  std::string order;
  // Both are ready when nothing is posted yet; the first callback is where another thread comes in.
  loop->watch(before.reads.get(), [&] {
    loop->unwatch(before.reads.get());
    std::thread([&] { loop->post([&] { order += "posted "; }); }).join();
  });
  loop->watch(pipe.reads.get(), [&] {
    loop->unwatch(pipe.reads.get());
    loop->catch_up();
    order += "read ";
  });
  REQUIRE(write_all(before.writes.get(), bytes_of("x")));
  REQUIRE(write_all(pipe.writes.get(), bytes_of("x")));
  REQUIRE(before.reads.get() < pipe.reads.get());
  REQUIRE(loop->run_once());
  CHECK(order == "posted read ");
}

TEST_CASE("loop: what other threads post is done on this one") {
  auto loop = Loop::create();
  REQUIRE(loop);
  const auto here = std::this_thread::get_id();
  int done = 0;
  bool is_here = true;
  std::jthread other([&] {
    for (int i = 0; i < 1000; ++i) {
      loop->post([&] {
        ++done;
        is_here = is_here && std::this_thread::get_id() == here;
      });
    }
  });
  while (done < 1000) REQUIRE(loop->run_once());
  CHECK(is_here);
}

}  // namespace sluice::sys
