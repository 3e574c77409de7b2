#include "agent/link_keeper.hpp"

#include "agent/client.hpp"
#include "agent/testing.hpp"
#include "gotool/tool_memo.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {

using namespace testing;

namespace {

struct Made {
  ActionId key;
  BlobId output;
};

void with_links(Machine& machine) {
  machine.config.link_directory = machine.config.cache_directory / "link";
  machine.config.share_links = true;
}

// A machine that linked a program of `size` bytes in `link_time` and told its agent.
Made make(const Machine& machine, std::chrono::microseconds link_time, std::size_t size = 200'000) {
  const RunningAgent agent(machine);
  const sys::Path file = machine.path() / "program";
  REQUIRE(sys::write_file_atomic(file, body_of(1, size)));
  const auto cache = gotool::LinkCache::open(machine.config.link_directory);
  REQUIRE(cache);
  const Made made{action_of(1), *gotool::digest_of_file(file)};
  REQUIRE(cache->put(made.key, {link_time, "", ""}, file));
  auto client = agent.connect();
  REQUIRE(client);
  LinkNote note{true, made.key, made.output,
                size, 7,        static_cast<std::uint64_t>(link_time.count())};
  REQUIRE(client->note(note));
  REQUIRE(client->wait(testing::k_soon));
  return made;
}

bool comes(const Machine& machine, const Made& made) {
  const RunningAgent agent(machine);
  auto client = agent.connect();
  REQUIRE(client);
  const auto came = client->link(made.key);
  REQUIRE(came);
  if (!*came) return false;
  const auto cache = gotool::LinkCache::open(machine.config.link_directory);
  const auto found = cache->find(made.key);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->output == made.output);
  return true;
}

}  // namespace

TEST_CASE("a program that one machine linked comes to another one") {
  Machine first;
  with_links(first);
  const Made made = make(first, std::chrono::seconds(5));
  Machine second(first.config.store_url);
  with_links(second);
  CHECK(comes(second, made));
  CHECK_FALSE(comes(second, {action_of(2), made.output}));
  // go's own lookups never find it.
  CHECK_FALSE(second.tier().find(made.key)->has_value());
}

TEST_CASE("what would take longer than the link is not fetched") {
  Machine first;
  with_links(first);
  const Made made = make(first, std::chrono::milliseconds(1));
  Machine second(first.config.store_url);
  with_links(second);
  CHECK_FALSE(comes(second, made));
}

TEST_CASE("a desk keeps its programs to itself, and a job without the cache asks for none") {
  Machine desk;
  with_links(desk);
  desk.config.share_links = false;
  const Made made = make(desk, std::chrono::seconds(5));
  Machine second(desk.config.store_url);
  with_links(second);
  CHECK_FALSE(comes(second, made));
  Machine first(desk.config.store_url);
  with_links(first);
  (void)make(first, std::chrono::seconds(5));
  Machine third(desk.config.store_url);
  CHECK_FALSE(comes(third, made));
}

}  // namespace sluice::agent
