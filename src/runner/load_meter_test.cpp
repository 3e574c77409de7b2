#include "runner/load_meter.hpp"

#include "sys/environment.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <thread>

using namespace sluice;
using namespace sluice::runner;
using namespace std::chrono_literals;

namespace {

constexpr double k_close = 1e-6;

void add_process(MachineReading& reading, pid_t pid, pid_t parent, std::chrono::nanoseconds cpu,
                 std::uint64_t memory, std::chrono::nanoseconds waited = 0ns) {
  reading.processes[pid] = {pid, parent, pid, cpu, memory};
  reading.waited[pid] = waited;
}

MachineReading reading_at(double now_s) {
  MachineReading reading;
  reading.now_s = now_s;
  return reading;
}

}  // namespace

TEST_CASE("load meter: what a task takes is that of all below it, over the last second") {
  LoadMeter meter;
  meter.started(7, 100, 10);
  MachineReading reading = reading_at(10.5);
  add_process(reading, 100, 1, 200ms, 1000, 100ms);
  add_process(reading, 101, 100, 300ms, 500, 0ms);
  add_process(reading, 200, 1, 9s, 9999, 9s);  // of somebody else
  Load load = meter.load(reading);
  REQUIRE(load.running.size() == 1);
  CHECK(load.running[0].task == 7);
  CHECK(load.running[0].age_s == doctest::Approx(0.5));
  CHECK(load.running[0].cores == doctest::Approx(1));
  CHECK(load.running[0].waiting == doctest::Approx(0.2));
  CHECK(load.running[0].memory == 1500);
  // It sleeps from now on: after a second nothing of before counts.
  for (const double later_s : {10.75, 11.0, 11.25, 11.5}) {
    reading.now_s = later_s;
    load = meter.load(reading);
  }
  CHECK(load.running[0].cores == doctest::Approx(0).epsilon(k_close));
  meter.ended(7);
  CHECK(meter.load(reading).running.empty());
}

TEST_CASE("load meter: CPU time that left with a process is not given back") {
  LoadMeter meter;
  meter.started(1, 100, 0);
  MachineReading reading = reading_at(0.5);
  add_process(reading, 100, 1, 100ms, 10);
  add_process(reading, 101, 100, 400ms, 10);
  CHECK(meter.load(reading).running[0].cores == doctest::Approx(1));
  MachineReading without = reading_at(0.75);
  add_process(without, 100, 1, 100ms, 10);
  CHECK(meter.load(without).running[0].cores == doctest::Approx(0.5 / 0.75));
  // Nothing of it is there any more.
  const Load gone = meter.load(reading_at(1));
  CHECK(gone.running[0].memory == 0);
  CHECK(gone.running[0].cores == doctest::Approx(0.5));
}

TEST_CASE("load meter: builds are apart from tests") {
  LoadMeter meter;
  meter.other_started(300, 0);
  meter.started(1, 100, 0);
  CHECK(meter.roots() == std::vector<pid_t>{100, 300});
  MachineReading reading = reading_at(1);
  add_process(reading, 300, 1, 1500ms, 70);
  add_process(reading, 100, 1, 250ms, 10);
  const Load load = meter.load(reading);
  CHECK(load.other_cores == doctest::Approx(1.5));
  CHECK(load.other_memory == 70);
  CHECK(load.running[0].cores == doctest::Approx(0.25));
  meter.other_ended(300);
  CHECK(meter.load(reading).other_cores == 0);
}

TEST_CASE("load meter: the machine") {
  LoadMeter meter;
  MachineReading first = reading_at(5);
  first.memory = sys::MachineMemory{800, 1000};
  first.stalls = sys::MemoryStalls{1000us, 500us};
  first.processors = sys::ProcessorTimes{100, 10, 1000};
  first.throttled_count = 3;
  Load load = meter.load(first);
  CHECK(load.available == 800U);
  CHECK_FALSE(load.pressure);
  CHECK_FALSE(load.cpu_share);
  CHECK_FALSE(load.is_throttled);
  MachineReading second = first;
  second.now_s = 5.5;
  second.group_memory = sys::CgroupMemory{600, 150};
  second.stalls = sys::MemoryStalls{101'000us, 50'500us};
  second.processors = sys::ProcessorTimes{150, 20, 1100};
  second.throttled_count = 4;
  load = meter.load(second);
  CHECK(load.available == 450U);
  REQUIRE(load.pressure);
  CHECK(load.pressure->some == doctest::Approx(0.2));
  CHECK(load.pressure->full == doctest::Approx(0.1));
  CHECK(load.cpu_share == doctest::Approx(0.5));
  CHECK(load.steal == doctest::Approx(0.1));
  CHECK(load.is_throttled);
  // Over the limit there is nothing left.
  second.group_memory = sys::CgroupMemory{600, 700};
  CHECK(meter.load(second).available == 0U);
}

TEST_CASE("load meter: a process of this machine that computes") {
  const sys::Cgroups cgroups;
  const Capacity capacity = machine_capacity(cgroups);
  CHECK(capacity.cores > 0);
  CHECK(capacity.memory > 0);
  sys::SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", "while :; do :; done"};
  options.environment = sys::Environment::of_process();
  auto child = sys::spawn(options);
  REQUIRE(child);
  LoadMeter meter;
  const auto begin = std::chrono::steady_clock::now();
  const auto now_s = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  meter.started(1, child->pid(), 0);
  double cores = 0;
  while (cores < 0.05 && now_s() < 20) {
    const Load load = meter.load(read_machine(cgroups, now_s(), meter.roots()));
    REQUIRE(load.running.size() == 1);
    cores = load.running[0].cores + load.running[0].waiting;
    CHECK(load.available);
  }
  child->send_signal(SIGKILL);
  CHECK(child->wait());
  CHECK(cores >= 0.05);
}
