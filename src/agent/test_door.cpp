#include "agent/test_door.hpp"

#include "codec/json.hpp"
#include "sys/log.hpp"
#include "sys/unix_socket.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

namespace sluice::agent {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::size_t k_line_max = 4U << 20U;
constexpr auto k_request_wait = std::chrono::seconds(10);
constexpr auto k_look_again = std::chrono::milliseconds(200);  // whether the run has ended

Result<std::string> read_line(int socket, Deadline deadline) {
  std::string line;
  std::array<std::byte, 4096> piece{};
  for (;;) {
    TRY_ASSIGN(const bool is_there, sys::wait_readable(socket, deadline));
    if (!is_there) return fail(Code::timeout, "test door: no answer");
    TRY_ASSIGN(const std::size_t count, sys::read_some(socket, piece));
    if (count == 0) return fail(Code::unavailable, "test door: closed");
    line += text_of(ByteView(piece).first(count));
    if (line.back() == '\n') return line;
    if (line.size() > k_line_max) return fail(Code::corrupt, "test door: a line has no end");
  }
}

Result<Json> ask(const sys::Path& door, JsonObject request, Deadline deadline) {
  TRY_ASSIGN(const auto socket, sys::connect_unix(door, deadline));
  if (!socket) return fail(Code::unavailable, "test door: nobody listens");
  TRY(sys::write_all(socket->get(), bytes_of(Json(std::move(request)).dump() + "\n")));
  TRY_ASSIGN(const std::string line, read_line(socket->get(), deadline));
  return codec::parse_json(line);
}

sys::Environment environment_of(const Json& request) {
  sys::Environment env;
  const Json* list = request.find("environment");
  if (list == nullptr || list->as_array() == nullptr) return env;
  for (const Json& item : *list->as_array()) {
    const std::string* variable = item.as_string();
    const std::size_t equals = variable == nullptr ? std::string::npos : variable->find('=');
    if (equals == std::string::npos) continue;
    env.set(variable->substr(0, equals), variable->substr(equals + 1));
  }
  return env;
}

}  // namespace

bool ask_whether_known(const sys::Path& door, std::string_view package, std::string_view action,
                       Deadline deadline) {
  const auto answer =
      ask(door, {{"ask", "known"}, {"package", package}, {"action", action}}, deadline);
  if (!answer) sys::log_debug("{}", answer.error().message);
  return answer && answer->bool_or("known", false);
}

Result<void> tell_go(const sys::Path& door, const sys::Environment& env, const sys::Path& directory,
                     Deadline deadline) {
  codec::JsonArray variables;
  for (std::string& variable : env.as_list()) variables.emplace_back(std::move(variable));
  TRY(ask(door,
          {{"ask", "go"}, {"directory", directory.native()}, {"environment", std::move(variables)}},
          deadline));
  return {};
}

Result<void> tell_linked(const sys::Path& door, std::string_view package, std::string_view action,
                         const sys::Path& program, Deadline deadline) {
  TRY(ask(
      door,
      {{"ask", "linked"}, {"package", package}, {"action", action}, {"program", program.native()}},
      deadline));
  return {};
}

Result<void> tell_vetted(const sys::Path& door, std::string_view package, bool passed,
                         Deadline deadline) {
  TRY(ask(door, {{"ask", "vetted"}, {"package", package}, {"passed", passed}}, deadline));
  return {};
}

Result<std::unique_ptr<TestDoor>> TestDoor::open(sys::Path path, Handlers handlers) {
  TRY_ASSIGN(sys::Fd listener, sys::listen_unix(path));
  return std::make_unique<TestDoor>(std::move(path), std::move(handlers), std::move(listener));
}

TestDoor::TestDoor(sys::Path path, Handlers handlers, sys::Fd listener)
    : path_(std::move(path)),
      handlers_(std::move(handlers)),
      listener_(std::move(listener)),
      thread_([this] { listen(); }) {}

TestDoor::~TestDoor() {
  is_ending_ = true;
  thread_.join();
  for (Visit& visit : visits_) visit.thread.join();
  [[maybe_unused]] const auto swept_with_its_directory = sys::remove_file(path_);
}

void TestDoor::listen() {
  while (!is_ending_) {
    auto accepted = sys::accept_unix(listener_.get(), Deadline::after(k_look_again));
    visits_.remove_if([](Visit& visit) {
      if (!visit.is_over) return false;
      visit.thread.join();
      return true;
    });
    if (!accepted) return sys::log_debug("test door: {}", accepted.error().message);
    if (!*accepted) continue;
    const auto peer = sys::peer_of((*accepted)->get());
    if (!peer || peer->uid != ::geteuid()) continue;
    Visit& visit = visits_.emplace_back();
    visit.thread = std::thread([this, &visit, socket = std::move(**accepted)] {
      serve(socket);
      visit.is_over = true;
    });
  }
}

void TestDoor::serve(const sys::Fd& socket) const {
  const auto request = read_line(socket.get(), Deadline::after(k_request_wait));
  if (!request) return;
  // A tool that has gone does not read.
  (void)sys::write_all(socket.get(), bytes_of(answer(*request) + "\n"));
}

std::string TestDoor::answer(std::string_view request) const {
  const auto json = codec::parse_json(request);
  const std::string asked = json ? json->text_or("ask", "") : "";
  const std::string package = json ? json->text_or("package", "") : "";
  if (asked == "go") {
    handlers_.go(environment_of(*json), json->text_or("directory", ""));
  }
  if (asked == "known") {
    const bool is_known = handlers_.is_known(package, json->text_or("action", ""));
    return Json(JsonObject{{"known", is_known}}).dump();
  }
  if (asked == "linked") {
    handlers_.linked(package, json->text_or("action", ""), json->text_or("program", ""));
  }
  if (asked == "vetted") handlers_.vetted(package, json->bool_or("passed", false));
  return "{}";
}

}  // namespace sluice::agent
