#include "agent/sweep.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace sluice::agent {
namespace {

constexpr std::int64_t k_hour_ns = std::int64_t{3600} * 1'000'000'000;

void put(const sys::Path& path, std::int64_t age_hours) {
  REQUIRE(sys::make_directories(path.parent_path(), 0700));
  REQUIRE(sys::write_file_atomic(path, bytes_of("x")));
  REQUIRE(sys::touch(path, unix_now_ns() - age_hours * k_hour_ns));
}

TEST_CASE("what is old goes, what may still be wanted stays") {
  const testing::Machine machine;
  const sys::Path& runtime = machine.config.runtime_directory;
  const sys::Path& cache = machine.config.cache_directory;
  for (const auto& [name, hours] : {std::pair{"old", 25}, {"new", 23}}) {
    put(runtime / (std::string("report-") + name + ".jsonl"), hours);
    put(runtime / (std::string(name) + ".lock"), hours);
    put(runtime / (std::string(name) + ".log"), hours);
    put(cache / "staging" / name, hours);
  }
  put(runtime / "held.lock", 25);
  const auto held = sys::FileLock::try_acquire(runtime / "held.lock");
  REQUIRE((held && *held));
  put(runtime / "something else", 25);
  put(cache / "index" / "old", 31L * 24);
  put(cache / "index" / "new", 29L * 24);
  sweep(machine.config);
  for (const auto& path : {runtime / "report-old.jsonl", runtime / "old.lock", runtime / "old.log",
                           cache / "staging" / "old", cache / "index" / "old"}) {
    CHECK_MESSAGE(!std::filesystem::exists(path), path.native());
  }
  for (const auto& path : {runtime / "report-new.jsonl", runtime / "new.lock", runtime / "new.log",
                           cache / "staging" / "new", cache / "index" / "new",
                           runtime / "held.lock", runtime / "something else"}) {
    CHECK_MESSAGE(std::filesystem::exists(path), path.native());
  }
}

}  // namespace
}  // namespace sluice::agent
