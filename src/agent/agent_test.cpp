#include "agent/agent.hpp"

#include "agent/agent_link.hpp"
#include "agent/patience.hpp"
#include "agent/testing.hpp"
#include "journal/spool.hpp"
#include "net/testing.hpp"
#include "sys/unix_socket.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// A session as the agent sees it.
class Visitor {
 public:
  explicit Visitor(const AgentConfig& config) {
    const Deadline deadline = soon();
    while (!socket_ && !deadline.passed()) {
      auto fd = sys::connect_unix(config.socket_path(), deadline);
      if (fd && *fd)
        socket_ = std::move(**fd);
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    REQUIRE(static_cast<bool>(socket_));
    Hello hello;
    hello.role = "session";
    hello.command_id = config.command_id;
    send(encode_hello(hello));
    CHECK(receive().type == Type::welcome);
  }
  void send(const Bytes& frame) { REQUIRE(sys::write_all(socket_.get(), frame)); }
  Frame receive() {
    auto frame = receive_frame(socket_.get(), reader_, soon());
    REQUIRE(frame.has_value());
    REQUIRE(frame->has_value());
    return **frame;
  }
  // After it the agent has heard everything said before.
  void settle() { (void)get(action_of(-1)); }
  std::optional<Hit> get(const ActionId& action) {
    send(encode_get(Get{++sequence_, action}));
    const Frame frame = receive();
    if (frame.type != Type::hit) return std::nullopt;
    return *decode_hit(frame.payload);
  }

 private:
  sys::Fd socket_;
  FrameReader reader_{k_reply_bytes_max};
  std::uint64_t sequence_ = 0;
};

Note make(const Machine& machine, int number, std::size_t size) {
  const Bytes body = body_of(number, size);
  const Note note{action_of(number), sha256_as<BlobId>(body), size, unix_now_ns(),
                  store::Kind::archive};
  REQUIRE(machine.tier().put(note.action, note.output, body, note.time_ns));
  return note;
}

// One agent's life: it is told this, and has uploaded it.
void run_and_tell(const Machine& machine, Type type, const Note& note) {
  const RunningAgent agent(machine);
  Visitor session(machine.config);
  session.send(encode_note(type, note));
  session.settle();
  REQUIRE(agent.connect()->wait(testing::k_soon));
}

TEST_CASE("what a bare go was told is written down before its last word is answered") {
  const Machine first;
  const Note note = make(first, 1, 1000);
  run_and_tell(first, Type::made, note);
  Machine second(first.config.store_url);
  second.config.command_id = "go-0123456789abcdef";
  second.config.journal_directory = second.path() / "journal";
  const RunningAgent agent(second);
  Visitor session(second.config);
  const Deadline deadline = soon();
  while (!session.get(note.action) && !deadline.passed()) {
  }
  session.send(encode_text(Type::bye, "{}"));
  CHECK(session.receive().type == Type::bye_ok);
  const auto file = journal::spool_file(second.config.journal_directory, second.config.command_id);
  REQUIRE(file);
  const auto bytes = sys::read_file(*file, journal::k_spool_bytes_max);
  REQUIRE((bytes && *bytes));
  const auto events = journal::decode(**bytes);
  REQUIRE_FALSE(events.empty());
  const auto* indexed = std::get_if<journal::Indexed>(&events.back().body);
  REQUIRE(indexed != nullptr);
  CHECK(indexed->list.back().action == note.action);
  CHECK(indexed->list.back().outcome == journal::Outcome::given);
}

TEST_CASE("who holds an agent is told what is known of the store") {
  const Machine machine;
  const RunningAgent agent(machine);
  auto client = agent.connect();
  REQUIRE(client);
  const auto known = client->hold(std::chrono::minutes(1), testing::k_soon);
  REQUIRE(known);
  CHECK(known->bool_or("is_known", false));
  CHECK(known->find("faults")->as_array()->empty());

  const Machine other("https://127.0.0.1:1/store");
  const RunningAgent lonely(other);
  auto asking = lonely.connect();
  REQUIRE(asking);
  const auto unknown = asking->hold(std::chrono::minutes(1), testing::k_soon);
  REQUIRE(unknown);
  CHECK_FALSE(unknown->bool_or("is_known", true));
  REQUIRE(unknown->find("faults")->as_array()->size() == 1);
  // Once only.
  const auto again = asking->hold(std::chrono::minutes(1), testing::k_soon);
  REQUIRE(again);
  CHECK(again->find("faults")->as_array()->empty());
}

TEST_CASE("what one machine made a second one gets, verified, in its local tier") {
  Machine first;
  std::vector<Note> notes;
  {
    const RunningAgent agent(first);
    Visitor session(first.config);
    for (int i = 0; i < 20; ++i) {
      notes.push_back(make(first, i, i == 7 ? 3U << 20U : static_cast<std::size_t>(i) * 100));
      session.send(encode_note(Type::made, notes.back()));
    }
    session.settle();
    const auto waited = agent.connect()->wait(testing::k_soon);
    REQUIRE(waited.has_value());
    CHECK(waited->bool_or("drained", false));
  }
  Machine second(first.config.store_url);
  const RunningAgent agent(second);
  Visitor session(second.config);
  for (const Note& note : notes) {
    const auto hit = session.get(note.action);
    REQUIRE(hit.has_value());
    CHECK(hit->output == note.output);
    const auto found = second.tier().find(note.action);
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    const auto bytes = sys::read_file((*found)->disk_path, 16U << 20U);
    REQUIRE(bytes->has_value());
    CHECK(sha256_as<BlobId>(**bytes) == note.output);
  }
  CHECK(!session.get(action_of(1000)).has_value());
}

TEST_CASE("local entries of unknown origin are used and not published, unless told") {
  for (const bool publish_local : {false, true}) {
    Machine first;
    first.config.publish_local = publish_local;
    const Note left = make(first, 1, 500);  // by plain go, before
    {
      const RunningAgent agent(first);
      Visitor session(first.config);
      session.send(encode_note(Type::used, left));
      session.send(encode_note(Type::made, make(first, 2, 500)));
      session.settle();
      REQUIRE(agent.connect()->wait(testing::k_soon));
    }
    Machine second(first.config.store_url);
    const RunningAgent agent(second);
    Visitor session(second.config);
    CHECK(session.get(action_of(2)).has_value());
    CHECK(session.get(action_of(1)).has_value() == publish_local);
  }
}

TEST_CASE("a later job publishes what an earlier one made in the same domain") {
  Machine machine;
  const sys::Path second_store = machine.path() / "other-store";
  const Note note = make(machine, 1, 500);
  run_and_tell(machine, Type::made, note);
  machine.config.store_url = store::file_url(second_store);
  run_and_tell(machine, Type::used, note);
  Machine other(machine.config.store_url);
  const RunningAgent agent(other);
  Visitor session(other.config);
  CHECK(session.get(note.action).has_value());
}

TEST_CASE("read-only: nothing is written into the store") {
  Machine machine;
  machine.config.read_only = true;
  const RunningAgent agent(machine);
  Visitor session(machine.config);
  session.send(encode_note(Type::made, make(machine, 1, 500)));
  session.settle();
  const auto waited = agent.connect()->wait(testing::k_soon);
  REQUIRE(waited.has_value());
  CHECK(waited->bool_or("drained", false));
  CHECK(!sys::stat_file(machine.path() / "store" / "trusted")->has_value());
}

TEST_CASE("an untrusted domain reads the trusted one, and is never read by it") {
  Machine trusted;
  const Note ours = make(trusted, 1, 500);
  {
    const RunningAgent agent(trusted);
    Visitor session(trusted.config);
    session.send(encode_note(Type::made, ours));
    session.settle();
    REQUIRE(agent.connect()->wait(testing::k_soon));
  }
  Machine fork(trusted.config.store_url);
  fork.config.domain = "fork";
  fork.config.read_domains = {"fork", "trusted"};
  const Note theirs = make(fork, 2, 500);
  {
    const RunningAgent agent(fork);
    Visitor session(fork.config);
    CHECK(session.get(ours.action).has_value());
    session.send(encode_note(Type::made, theirs));
    session.settle();
    REQUIRE(agent.connect()->wait(testing::k_soon));
  }
  Machine again(trusted.config.store_url);
  const RunningAgent agent(again);
  Visitor session(again.config);
  CHECK(session.get(ours.action).has_value());
  CHECK(!session.get(theirs.action).has_value());
}

TEST_CASE("what came before its first session is of the command that started the agent") {
  Machine first;
  const Note note = make(first, 1, 50'000);
  run_and_tell(first, Type::made, note);
  Machine second(first.config.store_url);
  const RunningAgent agent(second);
  auto client = agent.connect();
  const auto bytes_down = [](const Result<codec::Json>& reply) {
    REQUIRE(reply.has_value());
    return reply->find("counters")->int_or("bytes_down", 0);
  };
  const Deadline deadline = soon();
  while (bytes_down(client->status(soon())) == 0 && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  for (const bool is_first : {true, false}) {
    AgentConfig config = second.config;
    config.command_id = is_first ? "first" : "second";
    {
      const Visitor session(config);
    }
    const auto end = client->finish(config.command_id, std::chrono::seconds(10));
    CHECK((bytes_down(end) > 0) == is_first);
  }
}

TEST_CASE("counters of one command come with its end, faults are told once") {
  Machine machine;
  REQUIRE(sys::make_directories(machine.path()));
  REQUIRE(sys::write_file_atomic(machine.path() / "store", bytes_of("a file, no folder")));
  const RunningAgent agent(machine);
  {
    Visitor session(machine.config);
    session.send(encode_note(Type::made, make(machine, 1, 500)));
    session.send(encode_text(Type::bye, R"({"lookups":5,"misses":5})"));
    CHECK(session.receive().type == Type::bye_ok);
  }
  const auto finished =
      agent.connect()->finish(machine.config.command_id, std::chrono::seconds(10));
  REQUIRE(finished.has_value());
  const Counters counters = Counters::from_json(*finished->find("counters"));
  CHECK(counters.lookups == 5);
  CHECK(!finished->find("untold_faults")->as_array()->empty());
  const auto again = agent.connect()->finish("another", std::chrono::milliseconds(0));
  REQUIRE(again.has_value());
  CHECK(again->find("untold_faults")->as_array()->empty());
}

TEST_CASE("what an agent saw of a dead store its successor knows") {
  std::atomic<bool> over = false;
  const net::testing::Server silent([&over](const net::testing::Asked&) {
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::string();
  });
  Machine machine(silent.url());
  const auto waited = [&] {
    over = false;
    const RunningAgent agent(machine);
    Visitor session(machine.config);
    const auto started = std::chrono::steady_clock::now();
    CHECK_FALSE(session.get(action_of(1)).has_value());
    const auto took = std::chrono::steady_clock::now() - started;
    over = true;  // what is still asked is answered with an end
    return took;
  };
  const auto k_nearly = PatienceParts(machine.config.store_patience).lookups * 9 /
                        10;  // a busy machine makes it more, not less
  CHECK(waited() > k_nearly);
  CHECK(sys::stat_file(machine.config.given_up_path())->has_value());
  auto least = waited();
  for (int i = 0; i < 5 && least > k_nearly; ++i) least = std::min(least, waited());
  CHECK(least < k_nearly);
  // A mark from another time says nothing.
  REQUIRE(sys::touch(machine.config.given_up_path(), unix_now_ns() - 3'600'000'000'000));
  CHECK(waited() > k_nearly);
}

TEST_CASE("nobody speaks before HELLO, and another version is refused with a reason") {
  Machine machine;
  const RunningAgent agent(machine);
  REQUIRE(agent.connect().has_value());
  auto socket = sys::connect_unix(machine.config.socket_path(), soon());
  REQUIRE(socket->has_value());
  FrameReader reader(k_reply_bytes_max);
  SUBCASE("a lookup first") {
    REQUIRE(sys::write_all((*socket)->get(), encode_get(Get{1, action_of(1)})));
    CHECK(!receive_frame((*socket)->get(), reader, soon())->has_value());
  }
  SUBCASE("another version") {
    Hello hello;
    hello.version = 99;
    hello.role = "session";
    REQUIRE(sys::write_all((*socket)->get(), encode_hello(hello)));
    const auto frame = receive_frame((*socket)->get(), reader, soon());
    REQUIRE(frame->has_value());
    CHECK((*frame)->type == Type::refused);
  }
  SUBCASE("garbage") {
    REQUIRE(sys::write_all((*socket)->get(), bytes_of("GET / HTTP/1.1\r\n\r\n")));
    CHECK(!receive_frame((*socket)->get(), reader, soon())->has_value());
  }
}

TEST_CASE("two agents of one job: the second leaves at once") {
  Machine machine;
  const RunningAgent agent(machine);
  REQUIRE(agent.connect().has_value());
  CHECK(run_agent(machine.config, machine.env, false) == 0);
  CHECK(agent.connect().has_value());
}

TEST_CASE("a spill is removed by an agent that ends when nobody reads there any more") {
  const Machine machine;
  const sys::Path file = machine.config.spill_directory() / "body";
  std::optional<RunningAgent> agent(std::in_place, machine);
  REQUIRE(agent->connect().has_value());
  REQUIRE(sys::make_directories(machine.config.spill_directory()));
  REQUIRE(sys::write_file_atomic(file, bytes_of("x")));
  {
    const auto session = sys::FileLock::share(machine.config.spill_lock(), soon());
    REQUIRE(session);
    agent.reset();
    CHECK(sys::stat_file(file)->has_value());
  }
  agent.emplace(machine);
  REQUIRE(agent->connect().has_value());
  agent.reset();
  CHECK_FALSE(sys::stat_file(machine.config.spill_directory())->has_value());
}

}  // namespace
}  // namespace sluice::agent
