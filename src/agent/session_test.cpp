// run_session ends its process, so these tests drive it in a child: this test binary itself,
// started with SLUICE_SESSION set (see the first lines of child_is_session).
#include "agent/session.hpp"

#include "agent/client.hpp"
#include "agent/testing.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <map>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// Before doctest's main: the process started by Talk below becomes a session.
const bool child_is_session = [] {
  const sys::Environment env = sys::Environment::of_process();
  const auto text = env.get("SLUICE_TEST_SESSION");
  if (!text) return false;
  const auto config = AgentConfig::decode(*text);
  if (config) run_session(*config, env, STDIN_FILENO, STDOUT_FILENO);
  ::_exit(9);
}();

class Talk {
 public:
  explicit Talk(const Machine& machine) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    REQUIRE(::pipe2(to.data(), O_CLOEXEC) == 0);
    REQUIRE(::pipe2(from.data(), O_CLOEXEC) == 0);
    const sys::Fd child_in(to[0]);
    const sys::Fd child_out(from[1]);
    to_ = sys::Fd(to[1]);
    from_ = sys::Fd(from[0]);
    sys::SpawnOptions options;
    options.program = *sys::own_executable();
    options.arguments = {"agent_test"};
    options.environment = machine.env;
    options.environment.set("SLUICE_TEST_SESSION", machine.config.encode());
    options.stdin_fd = child_in.get();
    options.stdout_fd = child_out.get();
    auto child = sys::spawn(options);
    REQUIRE(child.has_value());
    child_ = *child;
  }

  void say(std::string_view text) { REQUIRE(sys::write_all(to_.get(), bytes_of(text))); }
  void get(int id, const ActionId& action) {
    say("{\"ID\":" + std::to_string(id) + R"(,"Command":"get","ActionID":")" +
        codec::base64_encode(action.view()) + "\"}\n\n");
  }
  void put(int id, const ActionId& action, const Bytes& body) {
    std::string line = "{\"ID\":" + std::to_string(id) + R"(,"Command":"put","ActionID":")" +
                       codec::base64_encode(action.view()) + R"(","OutputID":")" +
                       codec::base64_encode(sha256_as<BlobId>(body).view()) + "\"";
    if (!body.empty()) line += ",\"BodySize\":" + std::to_string(body.size());
    say(line + "}\n\n");
    if (!body.empty()) say("\"" + codec::base64_encode(body) + "\"\n");
  }
  codec::Json hear() {
    std::string line;
    std::array<std::byte, 1> byte{};
    for (;;) {
      const auto ready = sys::wait_readable(from_.get(), soon());
      REQUIRE(ready.has_value());
      REQUIRE(*ready);
      const auto count = sys::read_some(from_.get(), byte);
      REQUIRE(count.has_value());
      REQUIRE(*count == 1);
      if (byte[0] == std::byte{'\n'}) break;
      line.push_back(static_cast<char>(byte[0]));
    }
    const auto json = codec::parse_json(line);
    REQUIRE(json.has_value());
    return *json;
  }
  int end() {
    to_.reset();
    const auto status = child_->wait();
    REQUIRE(status.has_value());
    return status->shell_code();
  }

 private:
  sys::Fd to_;
  sys::Fd from_;
  std::optional<sys::Child> child_;
};

Machine without_store() {
  Machine machine;
  machine.config.store_url.clear();
  return machine;
}

TEST_CASE("hello first, then puts and hits from the local tier, then close") {
  const Machine machine = without_store();
  Talk talk(machine);
  const codec::Json hello = talk.hear();
  CHECK(hello.int_or("ID", -1) == 0);
  CHECK(hello.find("KnownCommands")->as_array()->size() == 3);
  std::map<int, Bytes> bodies = {{1, {}}, {2, body_of(2, 10)}, {3, body_of(3, 3U << 20U)}};
  for (const auto& [id, body] : bodies) {
    talk.put(id, action_of(id), body);
    const codec::Json answer = talk.hear();
    CHECK(answer.int_or("ID", -1) == id);
    const sys::Path path = answer.text_or("DiskPath", "");
    CHECK(path.is_absolute());
    CHECK(*sys::read_file(path, 8U << 20U) == std::optional(body));
  }
  for (const auto& [id, body] : bodies) {
    talk.get(10 + id, action_of(id));
    const codec::Json answer = talk.hear();
    CHECK(answer.int_or("Size", 0) == static_cast<std::int64_t>(body.size()));
    CHECK(!answer.text_or("Time", "").empty());
  }
  talk.get(20, action_of(99));
  CHECK(talk.hear().bool_or("Miss", false));
  talk.say("{\"ID\":21,\"Command\":\"close\"}\n\n");
  CHECK(talk.hear().int_or("ID", -1) == 21);
  CHECK(talk.end() == 0);
  CHECK(take_report(machine.config).lookups == 4);
}

TEST_CASE("a local tier that cannot be written never fails a put") {
  Machine machine = without_store();
  REQUIRE(sys::write_file_atomic(machine.config.local_tier, bytes_of("a file stands here")));
  Talk talk(machine);
  talk.hear();
  talk.put(1, action_of(1), body_of(1, 1000));
  const codec::Json answer = talk.hear();
  CHECK(answer.find("Err") == nullptr);
  CHECK(sys::read_file(answer.text_or("DiskPath", ""), 1U << 20U)->has_value());
  talk.get(2, action_of(1));
  CHECK(talk.hear().int_or("Size", 0) == 1000);
  CHECK(talk.end() == 0);
  CHECK(take_report(machine.config).faults.contains("local-tier"));
}

TEST_CASE("a local tier that begins to refuse is left for another place, small body or large") {
  const Machine machine = without_store();
  Talk talk(machine);
  talk.hear();
  talk.put(1, action_of(1), body_of(1, 10));
  talk.hear();  // the tier is open
  const Bytes body = body_of(2, 1000);
  const Bytes large = body_of(3, 1U << 20U);
  for (const Bytes& each : {body, large}) {
    const std::string name = sha256_as<BlobId>(each).hex();
    const sys::Path directory = machine.config.local_tier / name.substr(0, 2);
    REQUIRE(sys::remove_tree(directory));
    REQUIRE(sys::write_file_atomic(directory, bytes_of("a file stands here")));
  }
  bool large_first = false;
  SUBCASE("small first") {}
  SUBCASE("large first") { large_first = true; }
  talk.put(2, action_of(2), large_first ? large : body);
  const codec::Json lost_or_kept = talk.hear();
  CHECK(lost_or_kept.find("Err") == nullptr);
  for (int id = 3; id < 5; ++id) {
    talk.put(id, action_of(id), body);
    CHECK(sys::read_file(talk.hear().text_or("DiskPath", ""), 1U << 20U)->has_value());
    talk.get(10 + id, action_of(id));
    CHECK(talk.hear().int_or("Size", 0) == 1000);
  }
  CHECK(talk.end() == 0);
  CHECK(take_report(machine.config).faults.contains("local-tier"));
}

TEST_CASE("at a path that checkouts share each is given what it made itself") {
  Machine machine = without_store();
  machine.config.same_path = "/srv/sluice";
  machine.config.shown_checkout = machine.path() / "one";
  machine.config.tests_by_content = false;
  REQUIRE(sys::make_directories(machine.path() / "one"));
  REQUIRE(sys::make_directories(machine.path() / "two"));
  const std::string_view result = "ok  \texample.org/p\t0.1s\n";
  const Bytes output(bytes_of(result).begin(), bytes_of(result).end());
  const Bytes archive = body_of(2, 100);
  const auto is_given = [](Talk& talk, int number) {
    talk.get(number + 10, action_of(number));
    return !talk.hear().bool_or("Miss", false);
  };
  {
    Talk talk(machine);
    talk.hear();
    talk.put(1, action_of(1), output);
    talk.hear();
    talk.put(2, action_of(2), archive);
    talk.hear();
    CHECK(is_given(talk, 1));
    CHECK(is_given(talk, 2));
    CHECK(talk.end() == 0);
  }
  {
    machine.config.shown_checkout = machine.path() / "two";
    Talk talk(machine);
    talk.hear();
    CHECK_FALSE(is_given(talk, 1));  // the other's, by times and sizes alone
    CHECK(is_given(talk, 2));
    talk.put(3, action_of(1), output);
    talk.hear();
    CHECK(is_given(talk, 1));
    CHECK(talk.end() == 0);
  }
  machine.config.shown_checkout.clear();  // at its own path, as ever
  Talk talk(machine);
  talk.hear();
  CHECK(is_given(talk, 1));
}

TEST_CASE("a session keeps the records of its place") {
  Machine machine = without_store();
  machine.config.place_records = action_of(7).hex() + " " + action_of(8).hex();
  Talk talk(machine);
  talk.hear();
  for (const int number : {7, 8}) {
    talk.get(number, action_of(number));
    CHECK_FALSE(talk.hear().bool_or("Miss", false));
  }
}

TEST_CASE("garbage ends the session with a status, end of file without close does not") {
  const Machine machine = without_store();
  SUBCASE("garbage") {
    Talk talk(machine);
    talk.hear();
    talk.say("this is not the protocol\n");
    CHECK(talk.end() == 1);
  }
  SUBCASE("end of file") {
    Talk talk(machine);
    talk.hear();
    CHECK(talk.end() == 0);
  }
}

TEST_CASE("a lookup that only the store can answer is answered through the agent") {
  Machine first;
  const Bytes body = body_of(5, 4000);
  {
    const RunningAgent agent(first);
    REQUIRE(agent.connect().has_value());
    Talk talk(first);
    talk.hear();
    talk.put(1, action_of(5), body);
    talk.hear();
    CHECK(talk.end() == 0);
    CHECK(agent.connect()->wait(testing::k_soon)->bool_or("drained", false));
  }
  const Machine second(first.config.store_url);
  const RunningAgent agent(second);
  REQUIRE(agent.connect().has_value());
  Talk talk(second);
  talk.hear();
  talk.get(1, action_of(5));
  talk.get(2, action_of(6));
  std::map<std::int64_t, codec::Json> answers;
  for (int i = 0; i < 2; ++i) {
    const codec::Json answer = talk.hear();
    answers[answer.int_or("ID", -1)] = answer;
  }
  CHECK(*sys::read_file(answers[1].text_or("DiskPath", ""), 1U << 20U) == std::optional(body));
  CHECK(answers[2].bool_or("Miss", false));
  CHECK(talk.end() == 0);
}

}  // namespace
}  // namespace sluice::agent
