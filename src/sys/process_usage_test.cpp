#include "sys/process_usage.hpp"

#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

using namespace sluice;
using namespace sluice::sys;
using namespace std::chrono_literals;

namespace {

ProcessUsage process(pid_t pid, pid_t parent, pid_t group) { return {pid, parent, group, 0ns, 0}; }

}  // namespace

TEST_CASE("process usage: what stat says, whatever the name is") {
  const std::string text =
      "42 (a) b (c) S 7 40 39 0 -1 4194560 1 2 3 4 100 50 20 10 20 0 4 0 12345 9999 250 18446744 1 "
      "1 0 0 0\n";
  const auto usage = parse_process_stat(text, 10ms, 4096);
  REQUIRE(usage);
  CHECK(usage->pid == 42);
  CHECK(usage->parent == 7);
  CHECK(usage->group == 40);
  CHECK(usage->cpu == 1800ms);
  CHECK(usage->memory == 250 * 4096);
}

TEST_CASE("process usage: texts that are none") {
  for (const char* text : {"", "42", "42 (a", "42 (a) S 7 40",
                           "x (a) S 7 40 39 0 -1 1 1 2 3 4 1 1 1 "
                           "1 20 0 4 0 1 9 2 1",
                           "42 (a) S 7 40 39 0 -1 1 1 2 3 4 x 1 1 1 20 0 4 0 1 "
                           "9 2 1",
                           "42 (a) S 7 40 39 0 -1 1 1 2 3 4 1 1 1 1 20 0 4 0 1 9 -2 1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_process_stat(text, 10ms, 4096));
  }
}

TEST_CASE("process usage: who lies below whom") {
  std::map<pid_t, ProcessUsage> all;
  for (const ProcessUsage& one :
       {process(1, 0, 1), process(10, 1, 10), process(11, 10, 10), process(12, 11, 12),
        process(20, 1, 20), process(13, 1, 10), process(99, 1, 99), process(98, 98, 98)}) {
    all.emplace(one.pid, one);
  }
  const auto below = processes_below({10, 20, 30}, all);
  REQUIRE(below.size() == 2);
  // 12 is in a group of its own, the parent of 13 has gone.
  CHECK(below.at(10) == std::vector<pid_t>{10, 11, 12, 13});
  CHECK(below.at(20) == std::vector<pid_t>{20});
}

TEST_CASE("process usage: of this process while it computes") {
  const pid_t own = ::getpid();
  const auto before = process_usages();
  REQUIRE(before.contains(own));
  CHECK(before.at(own).memory > 1U << 20U);
  CHECK(before.at(own).parent == ::getppid());
  const auto schedstat = open_if_exists("/proc/self/schedstat");
  const bool counts_waiting = schedstat && *schedstat;
  const auto waited = waited_for_cpu(own);
  // Three threads for each processor: some have to wait.
  std::atomic<bool> stop = false;
  std::vector<std::thread> busy;
  for (unsigned i = 0; i < 3 * std::max(1U, std::thread::hardware_concurrency()); ++i) {
    busy.emplace_back([&stop] {
      while (!stop) {
      }
    });
  }
  const auto enough = [&] {
    return process_usages().at(own).cpu - before.at(own).cpu >= 200ms &&
           (!counts_waiting || waited_for_cpu(own) - waited >= 100ms);
  };
  const auto until = std::chrono::steady_clock::now() + 20s;
  bool is_seen = false;
  while (!is_seen && std::chrono::steady_clock::now() < until) is_seen = enough();
  stop = true;
  for (std::thread& one : busy) one.join();
  CHECK(is_seen);
}

TEST_CASE("process usage: of a process that is not there") {
  constexpr pid_t k_no_process = 0x3fffffff;  // above the largest that Linux gives
  CHECK(waited_for_cpu(k_no_process) == 0ns);
  CHECK_FALSE(process_usages().contains(k_no_process));
}
