#include "sys/descendants.hpp"

#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

namespace sluice::sys {
namespace {

using namespace std::chrono_literals;

Child start(const std::string& script) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", script};
  options.environment = Environment::of_process();
  auto child = spawn(options);
  REQUIRE(child);
  return std::move(*child);
}

std::optional<Descendant> find(const std::string& command) {
  for (int tries = 0; tries < 500; ++tries) {
    for (Descendant& one : living_descendants()) {
      if (one.command == command) return std::move(one);
    }
    // house: allow sleep (for another process, at most five seconds)
    std::this_thread::sleep_for(10ms);
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("descendants: who outlives its parent is found and ended") {
  adopt_orphans();
  Child child = start("sleep 4711 & exit 0");
  REQUIRE(child.wait());
  const auto orphan = find("sleep 4711");
  REQUIRE(orphan);
  CHECK(orphan->listening.empty());
  CHECK(::kill(orphan->pid, 0) == 0);
  end_processes({*orphan}, Deadline::after(5s));
  reap_orphans(0);
  CHECK(std::ranges::none_of(living_descendants(),
                             [&](const Descendant& one) { return one.pid == orphan->pid; }));
}

TEST_CASE("descendants: one that does not heed SIGTERM is killed at the deadline") {
  adopt_orphans();
  Child child = start("sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' stubborn & exit 0");
  REQUIRE(child.wait());
  const auto orphan = find("sh -c trap \"\" TERM; while :; do sleep 0.05; done stubborn");
  REQUIRE(orphan);
  end_processes({*orphan}, Deadline::after(200ms));
  int left = 500;
  while (left-- > 0 && ::kill(orphan->pid, 0) == 0) {
    reap_orphans(0);
    // house: allow sleep (until the kernel has ended it, at most five seconds)
    std::this_thread::sleep_for(10ms);
  }
  CHECK(::kill(orphan->pid, 0) != 0);
}

TEST_CASE("descendants: of a process and what is below it others are told apart") {
  Child child = start("sleep 4712; :");
  REQUIRE(find("sleep 4712"));
  const auto is_its = [&](const Descendant& one) {
    return one.pid == child.pid() || one.command == "sleep 4712";
  };
  CHECK(std::ranges::none_of(living_descendants(child.pid()), is_its));
  const auto all = living_descendants();
  CHECK(std::ranges::count_if(all, is_its) == 2);
  for (const Descendant& one : all) {
    if (is_its(one)) ::kill(one.pid, SIGKILL);
  }
  REQUIRE(child.wait());
}

TEST_CASE("descendants: the ports that one listens on") {
  Child child = start(
      "exec python3 -c 'import socket, time; s = socket.create_server((\"127.0.0.1\", 0)); "
      "time.sleep(4713)'");
  std::vector<std::string> ports;
  for (int tries = 0; tries < 1000 && ports.empty(); ++tries) {
    for (const Descendant& one : living_descendants()) {
      if (one.pid == child.pid()) ports = one.listening;
    }
    // house: allow sleep (until Python listens, at most ten seconds)
    std::this_thread::sleep_for(10ms);
  }
  child.send_signal(SIGKILL);
  REQUIRE(child.wait());
  REQUIRE(ports.size() == 1);
  CHECK(ports.front().starts_with("127.0.0.1:"));
}

}  // namespace sluice::sys
