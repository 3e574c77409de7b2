#include "agent/cache_client.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// This program becomes a session where it finds this variable (session_test.cpp).
std::unique_ptr<CacheClient> client_of(const Machine& machine) {
  sys::Environment env = machine.env;
  env.set("SLUICE_TEST_SESSION", machine.config.encode());
  auto client = CacheClient::start({sys::own_executable()->native()}, env, machine.path());
  REQUIRE(client);
  return std::move(*client);
}

}  // namespace

TEST_CASE("cache client: what is put is got, and is in the local tier") {
  Machine machine;
  machine.config.store_url.clear();
  const auto client = client_of(machine);
  CHECK_FALSE(client->get(action_of(1)));
  const Bytes body = body_of(1, 100'000);
  CHECK(client->put(action_of(1), body));
  CHECK(client->put(action_of(2), {}));
  const auto hit = client->get(action_of(1));
  REQUIRE(hit);
  CHECK(hit->size == body.size());
  CHECK(hit->output == sha256_as<BlobId>(body));
  CHECK(std::abs(hit->time_ns - unix_now_ns()) < 60'000'000'000);
  const auto read = sys::read_file(hit->disk_path, body.size());
  REQUIRE((read && *read));
  CHECK(**read == body);
  client->close();
  CHECK_FALSE(client->get(action_of(1)));
  const auto there = machine.tier().find(action_of(2));
  CHECK((there && *there));
}

TEST_CASE("cache client: several threads at once get each their own answer") {
  Machine machine;
  machine.config.store_url.clear();
  const auto client = client_of(machine);
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const int number = thread * 1000 + i;
        const Bytes body = body_of(number, 10);
        if (!client->put(action_of(number), body)) continue;
        const auto hit = client->get(action_of(number));
        if (hit && hit->output == sha256_as<BlobId>(body)) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 200);
}

TEST_CASE("cache client: a session that is none is a cache with nothing in it") {
  for (const char* program : {"/bin/true", "/bin/cat"}) {
    const auto client = CacheClient::start({program}, sys::Environment::of_process(), "/");
    REQUIRE(client);
    // cat says what it was asked: no answer of a session.
    CHECK_FALSE((*client)->put(action_of(1), body_of(1, 10)));
    CHECK_FALSE((*client)->get(action_of(1)));
  }
  CHECK_FALSE(CacheClient::start({"/none"}, {}, "/").has_value());
}

}  // namespace sluice::agent
