#include "journal/event.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace sluice::journal {
namespace {

ActionId action_of(std::uint8_t number) {
  ActionId id;
  id.bytes.fill(std::byte{number});
  return id;
}

std::vector<Event> one_of_each() {
  return {
      {1, CommandBegan{"c1",
                       "github",
                       "job",
                       "run",
                       "test",
                       "host/o/r",
                       "abc",
                       "main",
                       "7",
                       "trusted",
                       "box",
                       "/w",
                       "/w",
                       "go1.27.4",
                       "0.1.0",
                       {"go", "test"},
                       "-race",
                       "/home/u/.cache/go-build",
                       "boot/pid:[1]/7/3"}},
      {2, Lookups{{{action_of(1), Answer::remote, 17, 5}, {action_of(2), Answer::missed, 0, 0}}}},
      {3, Results{{{action_of(2), 1, 400, 99}}}},
      {4, Compiled{"p [p.test]", "abcdefghijklmnopqrst", "go1.27.4", "compile\n"}},
      {5, Linked{"p.test", "x", "path p\n", Answer::local, 123}},
      {6, Tested{"p", Answer::refused, TestCause::inputs, 12, {"open testdata/a"}, 1}},
      {-7, Transferred{Direction::up, 3, 1000, 2}},
      {8, Fault{"store", "no route", 4}},
      {9, TestGiven{"p", action_of(5), action_of(6)}},
      {10, Indexed{{{action_of(1), Outcome::given, 5, 1}, {action_of(2), Outcome::corrupt, 0, 2}}}},
      {11, Removed{"box", "/tier", {{action_of(3), Removal::age}, {action_of(4), Removal::size}}}},
      {12, TestRan{"p", "TestA/b", "-race=true", RunEnd::failed, 100, 50, 20, 1 << 20}},
      {13, Scheduled{Schedule::evicted, 7, "p", 5, "cpu", 1, 4, 1100, 1 << 20, 2, 1900, 8, "h 1"}},
      {10, CommandEnded{55, -1, 15, "{}"}},
  };
}

}  // namespace

TEST_CASE("event: every kind is read as it was written, in order") {
  const auto events = one_of_each();
  CHECK(decode(encode(events)) == events);
}

TEST_CASE("event: what is torn or foreign is passed over, what follows is read") {
  const auto events = one_of_each();
  const Bytes whole = encode(events);
  rc::check([&] {
    const auto cut = *rc::gen::inRange<std::size_t>(0, whole.size());
    Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
    const auto torn = decode(bytes).size();
    append(bytes, bytes_of("noise SLJ1"));
    append(bytes, whole);
    const auto all = decode(bytes);
    RC_ASSERT(all.size() >= torn + events.size());
    RC_ASSERT(std::vector(all.end() - static_cast<std::ptrdiff_t>(events.size()), all.end()) ==
              events);
  });
}

TEST_CASE("event: a changed byte loses one event at most") {
  const auto events = one_of_each();
  rc::check([&] {
    Bytes bytes = encode(events);
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] ^= std::byte{1};
    RC_ASSERT(decode(bytes).size() >= events.size() - 1);
  });
}

TEST_CASE("event: an older writer's event has fewer fields, an unknown kind is said") {
  const Bytes old = {std::byte{2}, std::byte{0}, std::byte{9}};  // command ended: its duration only
  const auto event = decode_payload(old);
  REQUIRE(event);
  CHECK(std::get<CommandEnded>(event->body).duration_us == 9);
  const Bytes later = {std::byte{200}, std::byte{0}};
  CHECK(decode_payload(later).error().code == Code::unsupported);
  const Bytes bad_answer = {std::byte{6}, std::byte{0}, std::byte{0},
                            std::byte{0}, std::byte{0}, std::byte{77}};
  CHECK(decode_payload(bad_answer).error().code == Code::corrupt);
}

TEST_CASE("event: one that does not fit a frame is left out") {
  const std::vector<Event> events = {{1, Fault{"big", std::string(k_frame_bytes_max, 'x'), 1}},
                                     {2, Fault{"small", "x", 1}}};
  CHECK(decode(encode(events)).size() == 1);
}

}  // namespace sluice::journal
