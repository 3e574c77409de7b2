#include "sys/piped.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

using namespace sluice;
using namespace sluice::sys;

namespace {

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", script};
  options.environment = Environment::of_process();
  return options;
}

Result<void> ignore_output(std::string_view /*text*/) { return {}; }

bool is_gone(pid_t pid) {
  const auto deadline = Deadline::after(std::chrono::seconds(5));
  while (process_exists(pid) && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return !process_exists(pid);
}

}  // namespace

TEST_CASE("piped: much output comes in pieces, beside much on standard error") {
  std::size_t bytes = 0;
  std::size_t largest = 0;
  const auto piped =
      run_piped(shell("head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2; cat; exit 3"),
                [&](std::string_view text) -> Result<void> {
                  bytes += text.size();
                  largest = std::max(largest, text.size());
                  return {};
                });
  REQUIRE(piped);
  CHECK(bytes == 3'000'000);
  CHECK(largest <= 64U << 10U);
  CHECK(piped->errors.size() == k_piped_errors_max);
  CHECK(piped->status.code == 3);
  CHECK(piped->ending_signal == 0);
}

TEST_CASE("piped: standard error is handed on as it comes, however much it is") {
  std::size_t bytes = 0;
  const auto piped = run_piped(shell("head -c 3000000 /dev/zero >&2; echo said"), ignore_output,
                               [&](std::string_view text) -> Result<void> {
                                 bytes += text.size();
                                 return {};
                               });
  REQUIRE(piped);
  CHECK(bytes == 3'000'000);
  CHECK(piped->errors.empty());
  const auto refused =
      run_piped(shell("echo said >&2; exec sleep 30"), ignore_output,
                [](std::string_view) -> Result<void> { return fail(Code::corrupt, "not that"); });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "not that");
}

TEST_CASE("piped: a grandchild that holds the pipes does not keep us") {
  std::string output;
  const auto begin = std::chrono::steady_clock::now();
  const auto piped = run_piped(shell("sleep 30 & echo $!; echo said >&2"),
                               [&](std::string_view text) -> Result<void> {
                                 output += text;
                                 return {};
                               });
  REQUIRE(piped);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  CHECK(piped->errors == "said\n");
  const auto sleeper = parse_int<pid_t>(trim(output));
  REQUIRE(sleeper);
  ::kill(*sleeper, SIGKILL);
}

TEST_CASE("piped: an error of the receiver ends the child") {
  std::string output;
  const auto piped =
      run_piped(shell("echo $$; exec sleep 60"), [&](std::string_view text) -> Result<void> {
        output += text;
        return fail(Code::corrupt, "enough");
      });
  REQUIRE(!piped);
  CHECK(piped.error().message == "enough");
  const auto pid = parse_int<pid_t>(trim(output));
  REQUIRE(pid);
  CHECK(!process_exists(*pid));
}

TEST_CASE("piped: what asks this process to end reaches the child") {
  std::string output;
  const auto piped =
      run_piped(shell("echo $$; exec sleep 60"), [&](std::string_view text) -> Result<void> {
        output += text;
        ::kill(::getpid(), SIGTERM);
        return {};
      });
  REQUIRE(piped);
  CHECK(piped->status.signal == SIGTERM);
  CHECK(piped->ending_signal == SIGTERM);
  const auto pid = parse_int<pid_t>(trim(output));
  REQUIRE(pid);
  CHECK(is_gone(*pid));
}

TEST_CASE("piped: a program that is not there") {
  SpawnOptions options = shell("true");
  options.program = "/nonexistent/program";
  const auto piped = run_piped(options, ignore_output);
  REQUIRE(!piped);
  CHECK(piped.error().code == Code::not_found);
}
