#include "runner/test_process.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <future>

namespace sluice::runner {
namespace {

using namespace std::chrono_literals;

TestCommand shell(const std::string& script) {
  TestCommand command;
  command.program = "/bin/sh";
  command.arguments = {"sh", "-c", script};
  command.environment = sys::Environment::of_process();
  command.directory = "/";
  command.wait_delay = 30s;
  return command;
}

struct Ran {
  std::string output;
  TestEnd end;
};

Ran run(const TestCommand& command) {
  auto loop = sys::Loop::create();
  REQUIRE(loop);
  Ran ran;
  bool is_over = false;
  std::unique_ptr<TestProcess> process;
  auto started = TestProcess::start(
      *loop, command, [&](std::string_view piece) { ran.output += piece; },
      [&](const TestEnd& end) {
        ran.end = end;
        is_over = true;
        process.reset();  // as the run does
      });
  REQUIRE(started);
  process = std::move(*started);
  while (!is_over) REQUIRE(loop->run_once());
  return ran;
}

}  // namespace

TEST_CASE("test process: both outputs are one, there is no input, and the end is told") {
  const Ran ran = run(shell("echo out; echo err >&2; cat; pwd; exit 3"));
  CHECK(ran.output == "out\nerr\n/\n");
  CHECK(ran.end.status.code == 3);
  CHECK(ran.end.status.signal == 0);
  CHECK(ran.end.elapsed_s > 0);
  CHECK(ran.end.spent.memory_peak > 100'000);
  CHECK(run(shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")).end.spent.cpu > 5ms);
  CHECK_FALSE(ran.end.was_told_to_quit);
  CHECK_FALSE(ran.end.is_output_incomplete);
  CHECK(failure_words(ran.end.status) == "exit status 3");
}

TEST_CASE("test process: one that is killed") {
  const Ran ran = run(shell("kill -KILL $$"));
  CHECK(ran.end.status.signal == SIGKILL);
  CHECK(failure_words(ran.end.status) == "signal: killed");
  CHECK(failure_words({0, SIGSEGV}) == "signal: segmentation fault");
}

TEST_CASE("test process: one that takes too long is asked to quit, then killed with its group") {
  // Who is started behind `nohup` or `&` ignores it, and a shell cannot trap what was ignored.
  ::signal(SIGQUIT, SIG_DFL);
  // Both at once: a busy machine needs a while until the shell is deaf or listens.
  TestCommand listening = shell("trap 'echo asked; exit 2' QUIT; while :; do sleep 0.05; done");
  listening.quit_after = 3s;
  auto other = std::async(std::launch::async, [&] { return run(listening); });
  TestCommand command = shell("trap '' QUIT; sleep 1000 & wait; while :; do sleep 1000; done");
  command.quit_after = 3s;
  command.wait_delay = 300ms;
  const Ran deaf = run(command);
  CHECK(deaf.end.was_told_to_quit);
  CHECK(deaf.end.status.signal == SIGKILL);
  CHECK_FALSE(deaf.end.is_output_incomplete);  // nobody of the group is left
  const Ran asked = other.get();
  CHECK(asked.output == "asked\n");
  CHECK(asked.end.was_told_to_quit);
  CHECK(asked.end.status.code == 2);
}

TEST_CASE("test process: output that somebody else keeps open is not waited for for ever") {
  TestCommand command = shell("sleep 1000 & echo $!");
  command.wait_delay = 300ms;
  const Ran ran = run(command);
  CHECK(ran.end.status.success());
  CHECK(ran.end.is_output_incomplete);
  ::kill(std::stoi(ran.output), SIGKILL);
}

TEST_CASE("test process: with its object its whole group goes") {
  auto loop = sys::Loop::create();
  REQUIRE(loop);
  std::string output;
  auto started = TestProcess::start(
      *loop, shell("sleep 1000 & echo $!; wait"), [&](std::string_view piece) { output += piece; },
      [](const TestEnd&) {});
  REQUIRE(started);
  while (!output.ends_with('\n')) REQUIRE(loop->run_once());
  started->reset();
  const pid_t other = std::stoi(output);
  // Killed, and its parent is gone: whoever adopts it lets it go at some time.
  for (int i = 0; i < 1000; ++i) {
    const auto stat = sys::read_file("/proc/" + std::to_string(other) + "/stat", 4096);
    if (!stat || !*stat || text_of(**stat).contains(") Z ")) break;
    loop->after(10ms, [] {});
    REQUIRE(loop->run_once());
  }
  const auto stat = sys::read_file("/proc/" + std::to_string(other) + "/stat", 4096);
  CHECK((!stat || !*stat || text_of(**stat).contains(") Z ")));
}

TEST_CASE("test process: what cannot be started is an error") {
  auto loop = sys::Loop::create();
  REQUIRE(loop);
  TestCommand command = shell("");
  command.program = "/none/such";
  const auto started =
      TestProcess::start(*loop, command, [](std::string_view) {}, [](const TestEnd&) {});
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Code::not_found);
}

}  // namespace sluice::runner
