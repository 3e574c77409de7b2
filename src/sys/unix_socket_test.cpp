#include "sys/unix_socket.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::sys;
using std::chrono::milliseconds;

namespace {

const auto k_soon = [] { return Deadline::after(milliseconds(5'000)); };

struct Place {
  TempDirectory directory;
  Path operator/(std::string_view name) const { return directory.path() / name; }
};

Place make_place() {
  auto directory = TempDirectory::create("sluice-socket-test-");
  REQUIRE(directory);
  return Place{*std::move(directory)};
}

void check_conversation(const Path& path) {
  const auto listener = listen_unix(path);
  REQUIRE(listener);
  auto client = connect_unix(path, k_soon());
  REQUIRE(client);
  REQUIRE(*client);
  auto server = accept_unix(listener->get(), k_soon());
  REQUIRE(server);
  REQUIRE(*server);
  REQUIRE(write_all((*client)->get(), bytes_of("hello")));
  Bytes buffer(5);
  REQUIRE(read_exact((*server)->get(), buffer));
  CHECK(text_of(buffer) == "hello");
  for (const int fd : {listener->get(), (*client)->get(), (*server)->get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  }
}

}  // namespace

TEST_CASE("two processes meet at a path, and each knows who the other is") {
  const Place place = make_place();
  check_conversation(place / "s");
  CHECK((stat_file(place / "s").value()->mode & 0777U) == 0600);
  const auto listener = listen_unix(place / "p");
  REQUIRE(listener);
  const auto client = connect_unix(place / "p", k_soon());
  const auto server = accept_unix(listener->get(), k_soon());
  const auto peer = peer_of(server.value()->get());
  REQUIRE(peer);
  CHECK(peer->pid == ::getpid());
  CHECK(peer->uid == ::geteuid());
  CHECK_FALSE(peer_of(0 - 1));
}

TEST_CASE("nobody there is nothing, not an error") {
  const Place place = make_place();
  CHECK_FALSE(connect_unix(place / "none", k_soon()).value());
  CHECK_FALSE(connect_unix(place / "no/directory", k_soon()).value());
  CHECK_FALSE(connect_unix(place / (std::string(150, 'd') + "/s"), k_soon()).value());
  REQUIRE(write_file_atomic(place / "file", {}));
  CHECK_FALSE(connect_unix(place / "file", k_soon()).value());
  CHECK_FALSE(connect_unix(place / "file/below", k_soon()).value());
  {
    REQUIRE(listen_unix(place / "left"));
  }
  CHECK(stat_file(place / "left").value());
  CHECK_FALSE(connect_unix(place / "left", k_soon()).value());
}

TEST_CASE("a stale socket is replaced") {
  const Place place = make_place();
  {
    REQUIRE(listen_unix(place / "s"));
  }
  check_conversation(place / "s");
  CHECK_FALSE(listen_unix(place / "none/s"));
  REQUIRE(make_directories(place / "folder"));
  CHECK_FALSE(listen_unix(place / "folder"));
}

TEST_CASE("long paths work and long names are refused") {
  const Place place = make_place();
  const Path deep = place / std::string(100, 'a') / std::string(100, 'b');
  REQUIRE(make_directories(deep));
  check_conversation(deep / "agent.sock");
  CHECK((stat_file(deep / "agent.sock").value()->mode & 0777U) == 0600);
  const auto listened = listen_unix(deep / std::string(120, 'c'));
  REQUIRE_FALSE(listened);
  CHECK(listened.error().code == Code::invalid);
  const auto connected = connect_unix(place / std::string(120, 'c'), k_soon());
  REQUIRE_FALSE(connected);
  CHECK(connected.error().code == Code::invalid);
}

TEST_CASE("waiting for a client ends at the deadline") {
  const Place place = make_place();
  const auto listener = listen_unix(place / "s");
  REQUIRE(listener);
  CHECK_FALSE(accept_unix(listener->get(), Deadline::after(milliseconds(5))).value());
  CHECK_FALSE(accept_unix(-1, Deadline::after(milliseconds(5))).value_or(std::nullopt));
}

TEST_CASE("a listener that takes nobody is a timeout") {
  const Place place = make_place();
  const auto listener = listen_unix(place / "s");
  REQUIRE(listener);
  std::vector<Fd> waiting;
  for (int i = 0; i < 5'000; ++i) {
    auto client = connect_unix(place / "s", Deadline::after(milliseconds(5)));
    if (!client) {
      CHECK(client.error().code == Code::timeout);
      return;
    }
    REQUIRE(*client);
    waiting.push_back(**std::move(client));
  }
  FAIL("the queue of the listener has no end");
}

TEST_CASE("a socket that may not be used is denied") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can act as another user");
    return;
  }
  const Place place = make_place();
  REQUIRE(::chmod(place.directory.path().c_str(), 0755) == 0);
  const auto listener = listen_unix(place / "s");
  REQUIRE(listener);
  REQUIRE(::seteuid(65534) == 0);
  const auto client = connect_unix(place / "s", k_soon());
  REQUIRE(::seteuid(0) == 0);
  REQUIRE_FALSE(client);
  CHECK(client.error().code == Code::denied);
}
