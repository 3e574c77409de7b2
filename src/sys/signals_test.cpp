#include "sys/signals.hpp"

#include "base/strings.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

using namespace sluice;
using namespace sluice::sys;
using std::chrono::milliseconds;

namespace {

// Set for a copy of this program that does one thing and ends: what changes a whole process is
// tried there.
constexpr const char* k_errand = "SLUICE_TEST_ERRAND";

// nohup and a shell's `&` ignore some signals, programs inherit that, and SignalForwarder leaves
// ignored what was ignored: the tests are about the others.
[[maybe_unused]] const bool k_dispositions_set = [] {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(signal, SIG_DFL);
  return true;
}();

Deadline soon() { return Deadline::after(milliseconds(20'000)); }

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", script};
  options.environment.set("PATH", "/usr/bin:/bin");
  return options;
}

SpawnOptions errand(const std::string& what) {
  SpawnOptions options;
  options.program = own_executable().value();
  options.arguments = {"sys_test", "--test-case=errand*", "--no-intro", "--minimal"};
  options.environment = Environment::of_process();
  options.environment.set(k_errand, what);
  return options;
}

// With the terminal as its own it runs a shell that counts interrupts, as `sluice go` runs go.
[[noreturn]] void run_in_terminal(const char* terminal) {
  ::setsid();
  const Fd controlling(::open(terminal, O_RDWR));  // a session leader's first terminal is its own
  SpawnOptions options = shell(
      "trap 'n=$((n+1)); echo interrupt $n' INT; echo ready; "
      "while [ -z \"$n\" ]; do sleep 0.05; done; sleep 0.3; echo end; exit 5");
  options.stdin_fd = options.stdout_fd = options.stderr_fd = controlling.get();
  SignalForwarder forwarder;
  auto child = spawn(options);
  if (!child) ::_exit(99);
  forwarder.set_child(child->pid());
  const auto status = child->wait();
  ::_exit(status ? status->shell_code() : 98);
}

}  // namespace

TEST_CASE("errand: runs only in a copy of this program") {
  const char* what = ::getenv(k_errand);
  if (what == nullptr) return;
  const std::string_view word = what;
  if (word.starts_with("die ")) die_by_signal(parse_int<int>(word.substr(4)).value_or(0));
  if (word.starts_with("terminal ")) run_in_terminal(what + 9);
  if (word == "interrupts") {
    ignore_interrupts();
    ::kill(::getpid(), SIGINT);
    ::kill(::getpid(), SIGQUIT);
    const auto child = run_captured(shell("kill -INT $$; sleep 60"), soon());
    ::_exit(child ? child->status.shell_code() : 96);
  }
  if (word == "children") {
    std::signal(SIGCHLD, SIG_IGN);
    expect_children();
    const auto status = spawn(shell("exit 7"))->wait();
    ::_exit(status ? status->code : 95);
  }
  if (word == "exec") {
    ignore_write_signals();
    ignore_interrupts();
    Environment env;
    env.set("A", "from exec");
    static_cast<void>(
        exec("/bin/sh", {"sh", "-c", "echo $A; exec /bin/grep SigIgn /proc/self/status"}, env));
  }
  ::_exit(97);
}

TEST_CASE("dying by a signal looks like being killed by it, without a core") {
  for (const int signal : {SIGTERM, SIGINT, SIGKILL, SIGSEGV}) {
    CAPTURE(signal);
    const auto status = spawn(errand("die " + std::to_string(signal)))->wait();
    REQUIRE(status);
    CHECK(status->signal == signal);
  }
}

TEST_CASE("exec replaces the program and gives it its own dispositions back") {
  const auto captured = run_captured(errand("exec"), soon());
  REQUIRE(captured);
  CHECK(captured->status.success());
  const auto lines = split(captured->output, '\n');
  REQUIRE(lines.size() >= 2);
  CHECK(lines[0] == "from exec");
  const auto mask = std::stoull(std::string(trim(split(lines[1], ':')[1])), nullptr, 16);
  for (const int signal : {SIGPIPE, SIGINT, SIGQUIT}) {
    CHECK((mask & (1ULL << static_cast<unsigned>(signal - 1))) == 0);
  }
}

TEST_CASE("interrupts that are ignored end neither us nor spare our children") {
  const auto status = spawn(errand("interrupts"))->wait();
  REQUIRE(status);
  CHECK(status->shell_code() == 128 + SIGINT);
  CHECK(status->signal == 0);
}

TEST_CASE("a program started with SIGCHLD ignored can wait for its children") {
  const auto status = spawn(errand("children"))->wait();
  REQUIRE(status);
  CHECK(status->code == 7);
}

TEST_CASE("an interrupt typed at the terminal reaches the child once and ends nobody else") {
  const Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    MESSAGE("skipped: no pseudo-terminals here");
    return;
  }
  auto child = spawn(errand("terminal " + std::string(::ptsname(master.get()))));
  REQUIRE(child);
  std::string seen;
  bool typed = false;
  Bytes buffer(1000);
  while (seen.find("end") == std::string::npos) {
    REQUIRE(wait_readable(master.get(), soon()).value());
    const auto count = read_some(master.get(), buffer);
    if (!count) break;  // nobody has the terminal open any longer
    seen += text_of(ByteView(buffer).first(*count));
    if (typed || seen.find("ready") == std::string::npos) continue;
    typed = true;
    REQUIRE(write_all(master.get(), bytes_of("\x03")));
  }
  CHECK(seen.find("interrupt 1") != std::string::npos);
  CHECK(seen.find("interrupt 2") == std::string::npos);
  const auto status = child->wait_until(soon()).value();
  REQUIRE(status);
  CHECK(status->code == 5);
}

TEST_CASE("only a signal that this program chose to ignore is given back") {
  ignore_write_signals();
  const sigset_t reset = signals_to_reset();
  CHECK(::sigismember(&reset, SIGPIPE) == 1);
  CHECK(::sigismember(&reset, SIGTERM) == 0);
}

TEST_CASE("signals sent to us alone are passed on") {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    CAPTURE(signal);
    auto child = spawn(shell("exec sleep 60"));
    REQUIRE(child);
    const SignalForwarder forwarder(child->pid());
    ::kill(::getpid(), signal);
    const auto status = child->wait_until(soon()).value();
    REQUIRE(status);
    CHECK(status->signal == signal);
    ::kill(::getpid(), signal);  // after the end there is nobody to pass it to, and we live
  }
}

TEST_CASE("what asked for an end is remembered, whatever the child makes of it") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}) {
    CAPTURE(signal);
    auto child = spawn(shell("trap 'exit 3' INT TERM HUP QUIT USR1; sleep 60 & wait"));
    REQUIRE(child);
    const SignalForwarder forwarder(child->pid());
    CHECK_FALSE(forwarder.was_told_to_end());
    ::kill(::getpid(), signal);
    child->send_signal(SIGKILL);
    REQUIRE(child->wait());
    CHECK(forwarder.was_told_to_end() == (signal != SIGUSR1));
  }
}

TEST_CASE("a signal that comes before the child is passed on when there is one") {
  SignalForwarder forwarder;
  ::kill(::getpid(), SIGTERM);
  auto child = spawn(shell("exec sleep 60"));
  REQUIRE(child);
  forwarder.set_child(child->pid());
  const auto status = child->wait_until(soon()).value();
  REQUIRE(status);
  CHECK(status->signal == SIGTERM);
}

TEST_CASE("the forwarder leaves what was ignored and restores what was there") {
  struct sigaction before{};
  ::sigaction(SIGTERM, nullptr, &before);
  std::signal(SIGHUP, SIG_IGN);
  {
    auto child = spawn(shell("exec sleep 60"));
    REQUIRE(child);
    const SignalForwarder forwarder(child->pid());
    ::kill(::getpid(), SIGHUP);
    CHECK_FALSE(child->wait_until(Deadline::after(milliseconds(50))).value());
    child->send_signal(SIGKILL);
    REQUIRE(child->wait());
  }
  struct sigaction now{};
  ::sigaction(SIGHUP, nullptr, &now);
  CHECK((now.sa_handler == SIG_IGN));
  ::sigaction(SIGTERM, nullptr, &now);
  CHECK((now.sa_handler == before.sa_handler));
  std::signal(SIGHUP, SIG_DFL);
}
