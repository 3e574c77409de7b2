#include "agent/test_door.hpp"

#include "sys/unix_socket.hpp"

#include <doctest/doctest.h>

#include <mutex>
#include <vector>

namespace sluice::agent {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(30)); }

struct Heard {
  TestDoor::Handlers handlers() {
    return {
        [this](const sys::Environment& env, const sys::Path& directory) {
          add("go " + directory.native() + " " + env.get_or("A", "") + env.get_or("B", ""));
        },
        [this](const std::string& package, const std::string& action) {
          add("known " + package + " " + action);
          return package == "ex.com/m/p";
        },
        [this](const std::string& package, const std::string& action, const sys::Path& program) {
          add("linked " + package + " " + action + " " + program.native());
        },
        [this](const std::string& package, bool passed) {
          add("vetted " + package + (passed ? " passed" : " failed"));
        }};
  }
  void add(std::string line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
  }

  std::mutex mutex;
  std::vector<std::string> lines;
};

}  // namespace

TEST_CASE("test door: what tools ask and tell is heard, with its answer") {
  const auto made = sys::TempDirectory::create("door");
  const sys::Path path = made->path() / "door.sock";
  Heard heard;
  auto door = TestDoor::open(path, heard.handlers());
  REQUIRE(door);
  sys::Environment env;
  env.set("A", "1=2");
  env.set("B", "");
  CHECK(tell_go(path, env, "/m", soon()));
  CHECK(ask_whether_known(path, "ex.com/m/p", "abc", soon()));
  CHECK_FALSE(ask_whether_known(path, "ex.com/m/q", "abc", soon()));
  CHECK(tell_linked(path, "ex.com/m/q", "abc", "/tmp/q.test", soon()));
  CHECK(tell_vetted(path, "ex.com/m/q [ex.com/m/q.test]", false, soon()));
  CHECK(tell_vetted(path, "ex.com/m/q", true, soon()));
  door->reset();
  CHECK(heard.lines == std::vector<std::string>{"go /m 1=2", "known ex.com/m/p abc",
                                                "known ex.com/m/q abc",
                                                "linked ex.com/m/q abc /tmp/q.test",
                                                "vetted ex.com/m/q [ex.com/m/q.test] failed",
                                                "vetted ex.com/m/q passed"});
  CHECK_FALSE(ask_whether_known(path, "ex.com/m/p", "abc", soon()));
  CHECK_FALSE(tell_vetted(path, "ex.com/m/q", true, soon()).has_value());
}

TEST_CASE(
    "test door: nonsense is answered with nothing, and whoever says nothing holds up nobody") {
  const auto made = sys::TempDirectory::create("door");
  const sys::Path path = made->path() / "door.sock";
  Heard heard;
  auto door = TestDoor::open(path, heard.handlers());
  REQUIRE(door);
  const auto silent = sys::connect_unix(path, soon());
  REQUIRE((silent && *silent));
  for (const std::string_view request : {"{}\n", "no json\n", "[1]\n",
                                         R"({"ask":"bread"})"
                                         "\n"}) {
    const auto socket = sys::connect_unix(path, soon());
    REQUIRE((socket && *socket));
    REQUIRE(sys::write_all((*socket)->get(), bytes_of(request)));
    Bytes answer(3);
    REQUIRE(sys::read_exact((*socket)->get(), answer));
    CHECK(text_of(answer) == "{}\n");
  }
  CHECK(ask_whether_known(path, "ex.com/m/p", "abc", soon()));
  CHECK(heard.lines.size() == 1);
}

}  // namespace sluice::agent
