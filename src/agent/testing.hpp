// What the tests of this room share: a job in a temporary directory, and its agent on a thread.
//
// For tests only; one thread at a time. A RunningAgent is stopped and joined by its destructor.
#pragma once

#include "agent/agent.hpp"
#include "agent/client.hpp"
#include "agent/config.hpp"
#include "gotool/local_tier.hpp"
#include "store/store_url.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace sluice::agent::testing {

// Long enough for a machine that is busy with something else; only a failure waits for it.
inline constexpr auto k_soon = std::chrono::seconds(60);
inline Deadline soon() { return Deadline::after(k_soon); }

inline ActionId action_of(int number) {
  return sha256_as<ActionId>(bytes_of("action " + std::to_string(number)));
}

// A machine of its own (runtime directory, caches, checkout); several may share one store.
class Machine {
 public:
  explicit Machine(const std::string& store_url = "")
      : directory_(*sys::TempDirectory::create("sluice-m-")) {
    const sys::Path root = directory_.path();
    config.runtime_directory = root / "run";
    config.cache_directory = root / "cache";
    config.local_tier = root / "go-build";
    config.store_url = store_url.empty() ? store::file_url(root / "store") : store_url;
    config.domain = "trusted";
    config.read_domains = {"trusted"};
    config.checkout = root / "checkout";
    config.module_root = config.checkout;
    config.go_version = "go1.26.8";
    config.goroot = "/usr/local/go";
    config.job_id = "job-1";
    config.job_name = "unit";
    config.producer = "sluice test";
    config.command_id = "command-1";
    config.drain_timeout = std::chrono::seconds(20);
    REQUIRE(sys::make_directories(config.checkout));
    REQUIRE(sys::write_file_atomic(config.checkout / "go.mod", bytes_of("module example.org/m\n")));
    env.set("HOME", root.native());  // no PATH: no git is asked
    env.set("CI", "true");
  }

  gotool::LocalTier tier() const {
    auto opened = gotool::LocalTier::open(config.local_tier);
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  const sys::Path& path() const { return directory_.path(); }

  AgentConfig config;
  sys::Environment env;

 private:
  sys::TempDirectory directory_;
};

class RunningAgent {
 public:
  explicit RunningAgent(const Machine& machine)
      : machine_(machine), thread_([&machine] { run_agent(machine.config, machine.env, false); }) {}
  ~RunningAgent() {
    // One that a test stopped already is not there to be asked.
    auto client = Client::connect(machine_.config, soon());
    if (client && *client) (void)(*client)->stop(std::chrono::seconds(10));
    thread_.join();
  }
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;

  std::optional<Client> connect() const {
    const Deadline deadline = soon();
    while (!deadline.passed()) {
      auto client = Client::connect(machine_.config, deadline);
      if (client && *client) return std::move(**client);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return std::nullopt;
  }

 private:
  const Machine& machine_;
  std::thread thread_;
};

// The same bytes for the same number; other ones for another.
inline Bytes body_of(int number, std::size_t size) {
  Bytes body(size);
  std::uint64_t state = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15U + 1;
  for (std::byte& byte : body) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56U);
  }
  return body;
}

}  // namespace sluice::agent::testing
