#include "sys/process.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <thread>

using namespace sluice;
using namespace sluice::sys;
using std::chrono::milliseconds;

namespace {

Deadline soon() { return Deadline::after(milliseconds(20'000)); }

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", script};
  options.environment.set("PATH", "/usr/bin:/bin");
  return options;
}

std::string output_of(const SpawnOptions& options) {
  const auto captured = run_captured(options, soon());
  REQUIRE(captured);
  CHECK(captured->status.success());
  return captured->output;
}

}  // namespace

TEST_CASE("a child's end is told as its code or its signal") {
  auto child = spawn(shell("exit 7"));
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->code == 7);
  CHECK(status->signal == 0);
  CHECK_FALSE(status->success());
  CHECK(status->shell_code() == 7);

  auto killed = spawn(shell("kill -TERM $$; sleep 60"));
  REQUIRE(killed);
  const auto by_signal = killed->wait();
  REQUIRE(by_signal);
  CHECK(by_signal->signal == SIGTERM);
  CHECK(by_signal->shell_code() == 143);
  CHECK_FALSE(by_signal->success());
}

TEST_CASE("what cannot be started is said by name") {
  SpawnOptions options = shell("true");
  options.program = "/none/such";
  auto absent = spawn(options);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Code::not_found);
  CHECK(absent.error().message.starts_with("start /none/such: "));
  options.program = "/";
  CHECK(spawn(options).error().code == Code::denied);
  options = shell("true");
  options.working_directory = "/none/such";
  const auto nowhere = spawn(options);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message.starts_with("start /bin/sh in /none/such: "));
}

TEST_CASE("a script without a first line of its own is the shell's, as execvp does it") {
  const auto directory = TempDirectory::create("sluice-process-test-");
  REQUIRE(directory);
  SpawnOptions options = shell("");
  options.program = directory->path() / "script";
  REQUIRE(write_file_atomic(options.program, bytes_of("echo \"$1 of $#\"\n"), 0755));
  options.arguments = {"script", "first word", "second"};
  CHECK(output_of(options) == "first word of 2\n");
  // Not executable is another thing.
  REQUIRE(write_file_atomic(options.program, bytes_of("echo\n"), 0644));
  CHECK(spawn(options).error().code == Code::denied);
}

TEST_CASE("a child gets its environment, its directory and its arguments, and nothing else") {
  SpawnOptions options =
      shell("pwd; echo \"$A\"; env | sort | grep -v -e PWD -e _= -e SHLVL; echo \"$1\"");
  options.arguments.insert(options.arguments.end(), {"sh", "an argument with  blanks"});
  options.environment.set("A", "value with = and blanks");
  options.working_directory = "/";
  CHECK(output_of(options) ==
        "/\nvalue with = and blanks\nA=value with = and blanks\nPATH=/usr/bin:/bin\n"
        "an argument with  blanks\n");
}

TEST_CASE("no descriptor but the standard three reaches a child") {
  const Fd ours(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string listing = output_of(shell("cd /proc/self/fd && echo *"));
  CHECK(listing.find(" " + std::to_string(ours.get()) + "\n") == std::string::npos);

  // One that somebody left open in us: a detached child must not keep it.
  const Fd left(::dup(ours.get()));  // dup(2) clears close-on-exec
  SpawnOptions options = shell("test -e /proc/self/fd/" + std::to_string(left.get()));
  CHECK(spawn(options)->wait()->code == 0);
  options.detached = true;
  CHECK(spawn(options)->wait()->code == 1);
}

TEST_CASE("standard descriptors can be given") {
  const auto directory = TempDirectory::create("sluice-process-test-");
  REQUIRE(directory);
  const Path out = directory->path() / "out";
  REQUIRE(write_file_atomic(directory->path() / "in", bytes_of("input")));
  const Fd in = open_read(directory->path() / "in").value();
  const Fd to(::open(out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  SpawnOptions options = shell("cat; echo error >&2");
  options.stdin_fd = in.get();
  options.stdout_fd = to.get();
  options.stderr_fd = to.get();
  REQUIRE(spawn(options)->wait()->success());
  CHECK(text_of(*read_file(out, 100).value()) == "inputerror\n");
}

TEST_CASE("a detached child leads a process group of its own, in our session") {
  SpawnOptions options = shell("cut -d' ' -f5,6 /proc/$$/stat; echo $$");
  options.detached = true;
  const std::string output = output_of(options);
  const auto line = output.find('\n');
  const std::string pid = output.substr(line + 1, output.size() - line - 2);
  CHECK(output.substr(0, line) == pid + " " + std::to_string(::getsid(0)));
}

TEST_CASE("a child that leads a group is ended with all that it started") {
  SpawnOptions options = shell("sleep 1000 & sleep 1000");
  options.leads_group = true;
  auto child = spawn(options);
  REQUIRE(child);
  CHECK(::getpgid(child->pid()) == child->pid());
  CHECK(::kill(-child->pid(), SIGKILL) == 0);
  const auto status = child->wait_until(soon());
  REQUIRE(status);
  REQUIRE(*status);
  CHECK((*status)->signal == SIGKILL);
}

TEST_CASE("waiting ends at the deadline and the child can be awaited again") {
  auto child = spawn(shell("exec sleep 60"));
  REQUIRE(child);
  CHECK_FALSE(child->wait_until(Deadline::after(milliseconds(10))).value());
  CHECK(process_exists(child->pid()));
  child->send_signal(SIGKILL);
  const auto status = child->wait_until(soon()).value();
  REQUIRE(status);
  CHECK(status->signal == SIGKILL);
  CHECK_FALSE(process_exists(child->pid()));
  CHECK_FALSE(child->wait());  // it was waited for
}

TEST_CASE("captured output is bounded, stdin empty and stderr dropped") {
  CHECK(output_of(shell("cat; echo out; echo err >&2")) == "out\n");
  const auto much = run_captured(shell("head -c 300000 /dev/zero"), soon(), 1000);
  REQUIRE(much);
  CHECK(much->status.success());
  CHECK(much->output.size() == 1000);
  const auto failed = run_captured(shell("echo before; exit 3"), soon());
  REQUIRE(failed);
  CHECK(failed->status.code == 3);
  CHECK(failed->output == "before\n");
}

TEST_CASE("a command that takes too long is killed") {
  const auto late = run_captured(shell("exec sleep 60"), Deadline::after(milliseconds(30)));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::timeout);
  const auto closed =
      run_captured(shell("exec >&-; exec sleep 60"), Deadline::after(milliseconds(200)));
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code == Code::timeout);
}

TEST_CASE("a grandchild that keeps the pipe open keeps nobody waiting") {
  const auto start = std::chrono::steady_clock::now();
  const auto captured = run_captured(shell("sleep 30 & echo $!"), soon());
  REQUIRE(captured);
  const auto grandchild = parse_int<pid_t>(trim(captured->output));
  REQUIRE(grandchild);
  ::kill(*grandchild, SIGKILL);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(15));
}

TEST_CASE("children start with the dispositions that we were started with") {
  ignore_write_signals();
  ignore_write_signals();
  // Bit 12 of SigIgn is SIGPIPE.
  const std::string ignored = output_of(shell("grep SigIgn /proc/self/status | cut -f2"));
  const auto mask = std::stoull(ignored, nullptr, 16);
  CHECK((mask & (1ULL << (SIGPIPE - 1))) == 0);
  std::signal(SIGUSR1, SIG_IGN);
  SpawnOptions options = shell("grep SigIgn /proc/self/status | cut -f2");
  CHECK((std::stoull(output_of(options), nullptr, 16) & (1ULL << (SIGUSR1 - 1))) != 0);
  options.detached = true;
  CHECK((std::stoull(output_of(options), nullptr, 16) & (1ULL << (SIGUSR1 - 1))) == 0);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("exec comes back only with the reason") {
  const Error error = exec("/none/such", {"such"}, Environment());
  CHECK(error.code == Code::not_found);
  CHECK(error.message.starts_with("start /none/such: "));
}

TEST_CASE("priority belongs to the thread that asked") {
  const int before = ::getpriority(PRIO_PROCESS, 0);  // of this thread; the tests run niced
  REQUIRE(before < 19);
  std::thread([] {
    lower_thread_priority(19);
    const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
    CHECK(::getpriority(PRIO_PROCESS, thread) == 19);
  }).join();
  CHECK(::getpriority(PRIO_PROCESS, 0) == before);
}

TEST_CASE("a file that may not grow is an error, not the end") {
  ignore_write_signals();
  const auto directory = TempDirectory::create("sluice-process-test-");
  REQUIRE(directory);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{10, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto written = write_file_atomic(directory->path() / "f", bytes_of("more than ten bytes"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK_FALSE(written);
}

TEST_CASE("processes are there or not") {
  CHECK(process_exists(::getpid()));
  CHECK(process_exists(1));
  CHECK_FALSE(process_exists(0));
  CHECK_FALSE(process_exists(-1));
}

TEST_CASE("a process with secrets leaves no core") {
  hide_memory();
  CHECK(::prctl(PR_GET_DUMPABLE) == 0);
  ::prctl(PR_SET_DUMPABLE, 1);
}
