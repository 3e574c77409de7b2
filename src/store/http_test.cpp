#include "store/http.hpp"

#include "base/strings.hpp"
#include "net/testing.hpp"
#include "store/conformance.hpp"
#include "store/layout.hpp"
#include "store/pack.hpp"
#include "store/testing.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace sluice::store {
namespace {

using net::testing::answer;
using net::testing::Asked;
using net::testing::Server;
using testing::soon;

std::unique_ptr<Objects> open(const std::string& url, const sys::Environment& env) {
  auto objects = open_objects(*parse_store_url(url), env);
  REQUIRE_MESSAGE(objects.has_value(), (objects ? "" : objects.error().message));
  return std::move(*objects);
}

// tests/integration/web_store.py in a process of its own.
class WebStore {
 public:
  explicit WebStore(std::vector<std::string> more = {})
      : directory_(std::move(*sys::TempDirectory::create("sluice-web-"))) {
    const auto python = sys::find_in_path("python3", sys::Environment::of_process());
    if (!python) return;
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const sys::Fd reading(ends[0]);
    sys::Fd writing(ends[1]);
    sys::SpawnOptions options;
    options.program = *python;
    options.arguments = {"python3", SLUICE_WEB_STORE, directory_.path().string()};
    for (std::string& word : more) options.arguments.push_back(std::move(word));
    options.environment = sys::Environment::of_process();
    options.stdout_fd = writing.get();
    auto child = sys::spawn(options);
    REQUIRE(child.has_value());
    child_ = std::move(*child);
    writing.reset();
    Bytes line(16);
    const auto count = sys::read_some(reading.get(), line);
    REQUIRE((count && *count > 0));
    url_ = "http://127.0.0.1:" + std::string(trim(text_of(ByteView(line).first(*count))));
  }
  ~WebStore() {
    if (!child_) return;
    child_->send_signal(SIGKILL);
    (void)child_->wait();
  }
  WebStore(const WebStore&) = delete;
  WebStore& operator=(const WebStore&) = delete;

  const std::string& url() const { return url_; }  // empty: there is no Python here

 private:
  sys::TempDirectory directory_;
  std::optional<sys::Child> child_;
  std::string url_;
};

sys::Environment bare() {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  return env;
}

TEST_CASE("a web server keeps every promise that it makes") {
  const WebStore server;
  if (server.url().empty()) {
    MESSAGE("skipped: no python3");
    return;
  }
  check_conformance([&] { return open(server.url() + "/some/place", bare()); });
}

TEST_CASE("a server of Bazel's protocol keeps every promise that it makes") {
  const WebStore server({"--bazel"});
  if (server.url().empty()) {
    MESSAGE("skipped: no python3");
    return;
  }
  const std::string url = "bazel+" + server.url() + "/ci";
  check_conformance([&] { return open(url, bare()); });
  // What is named by its bytes lies where the server checks them.
  const auto objects = open(url, bare());
  const ByteView bytes = bytes_of("a pack");
  const std::string key = pack_key("trusted", pack_id(bytes));
  const auto stored = objects->put(key, Body(bytes), PutCondition::always(), soon());
  REQUIRE_MESSAGE(stored.has_value(), (stored ? "" : stored.error().message));
  CHECK(text_of((*objects->get(key, 100, soon()))->bytes) == "a pack");
  const auto wrong = objects->put(pack_key("trusted", pack_id(bytes_of("another"))), Body(bytes),
                                  PutCondition::always(), soon());
  CHECK_FALSE(wrong.has_value());
}

TEST_CASE("a server that takes only Bazel's own results is told how to take ours") {
  const WebStore server({"--bazel", "--validate-ac"});
  if (server.url().empty()) {
    MESSAGE("skipped: no python3");
    return;
  }
  const auto objects = open("bazel+" + server.url(), bare());
  const auto put = objects->put("t/head", Body(bytes_of("x")), PutCondition::always(), soon());
  REQUIRE_FALSE(put.has_value());
  CHECK(put.error().code == Code::unsupported);
  CHECK(put.error().message.find("--disable_http_ac_validation") != std::string::npos);
}

TEST_CASE("where an object lies on a server of Bazel's protocol") {
  const std::string hex(64, 'a');
  CHECK(bazel_path("trusted/v1/packs/aa/" + hex) == "cas/" + hex);
  CHECK(bazel_path("fork/v1/blobs/aa/" + hex) == "cas/" + hex);
  CHECK(bazel_path("trusted/v1/manifests/aa/" + hex) == "cas/" + hex);
  // Not named by what is sent: a head by its scope, a compressed blob by its decoded bytes.
  for (const std::string& key :
       {"trusted/v1/scopes/aa/" + hex, "fork/v1/scopes/aa/" + hex,
        "trusted/v1/blobs/aa/" + hex + ".zst", std::string("trusted/v1/probe/conditions")}) {
    CHECK(bazel_path(key) == "ac/" + to_hex(sha256(bytes_of(key))));
  }
}

TEST_CASE("a token and a password open the door, and are named when they do not") {
  const WebStore server({"--token", "geheim"});
  const WebStore basic({"--basic", "u:p"});
  if (server.url().empty()) {
    MESSAGE("skipped: no python3");
    return;
  }
  auto env = bare();
  const auto refused = open(server.url(), env)->get("t/x", 10, soon());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::denied);
  CHECK(refused.error().message.find("SLUICE_TOKEN") != std::string::npos);
  env.set("SLUICE_TOKEN", "falsch");
  const auto wrong = open(server.url(), env)->get("t/x", 10, soon());
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message.find("falsch") == std::string::npos);
  env.set("SLUICE_TOKEN", "geheim");
  CHECK(open(server.url(), env)->get("t/x", 10, soon()).has_value());
  const testing::Files files;
  auto with_netrc = bare();
  with_netrc.set("NETRC",
                 files.write(copy_of(bytes_of("machine 127.0.0.1 login u password p\n"))).string());
  CHECK(open(basic.url(), with_netrc)->get("t/x", 10, soon()).has_value());
  CHECK_FALSE(open(basic.url(), bare())->get("t/x", 10, soon()).has_value());
}

TEST_CASE("what a server cannot do is said, and what passes is tried again") {
  std::atomic<int> count = 0;
  const Server server([&](const Asked& asked) {
    if (asked.method == "PUT") return answer(405);
    if (asked.target == "/moved") return answer(302);
    return ++count < 3 ? answer(503) : answer(200, "there");
  });
  const auto objects = open(server.url(), bare());
  const auto put = objects->put("t/x", Body(bytes_of("x")), PutCondition::always(), soon());
  REQUIRE_FALSE(put.has_value());
  CHECK(put.error().code == Code::unsupported);
  CHECK(put.error().message.find(server.url() + ": put t/x: it answered 405") == 0);
  CHECK(objects->get("moved", 10, soon()).error().message.find("redirect") != std::string::npos);
  const auto got = objects->get("t/y", 10, soon());
  REQUIRE(got.has_value());
  CHECK(text_of((*got)->bytes) == "there");
  CHECK(count == 3);
}

TEST_CASE("a token with a line break is refused by its name") {
  auto env = bare();
  env.set("SLUICE_TOKEN", "a\nb");
  const auto objects = open_objects(*parse_store_url("https://h/"), env);
  REQUIRE_FALSE(objects.has_value());
  CHECK(objects.error().message.find("SLUICE_TOKEN") == 0);
}

}  // namespace
}  // namespace sluice::store
