#include "sys/process.hpp"

#include "sys/pipe.hpp"
#include "sys/signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

namespace sluice::sys {
namespace {

// A program that was just written may be held open by a process between fork and exec.
constexpr int k_busy_tries_max = 100;
constexpr std::chrono::milliseconds k_busy_pause(10);
constexpr std::chrono::milliseconds k_wait_pause_max{20};
constexpr int k_first_inherited_fd = 3;

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

constexpr const char* k_shell = "/bin/sh";

// The words that let the shell run a script without a #! line.
std::vector<std::string> shell_words(const Path& script, const std::vector<std::string>& words) {
  std::vector<std::string> all = {k_shell, script.native()};
  if (words.size() > 1) all.insert(all.end(), words.begin() + 1, words.end());
  return all;
}

ExitStatus status_of(int raw) {
  if (WIFSIGNALED(raw)) return {.code = 0, .signal = WTERMSIG(raw)};
  return {.code = WEXITSTATUS(raw), .signal = 0};
}

// Attributes and file actions of posix_spawn, released together.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  void prepare(const SpawnOptions& options) {
    const std::array<int, 3> given = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
    for (int target = 0; target < k_first_inherited_fd; ++target) {
      const int fd = given[static_cast<std::size_t>(target)];
      if (fd >= 0) check(::posix_spawn_file_actions_adddup2(&actions_, fd, target));
    }
    if (!options.working_directory.empty()) {
      check(::posix_spawn_file_actions_addchdir_np(&actions_, options.working_directory.c_str()));
    }
    short flags = POSIX_SPAWN_SETSIGDEF;
    sigset_t defaults = signals_to_reset();
    if (options.detached) {
      // Whoever started us may have left pipes open in us; a process that outlives its job must not
      // keep their readers waiting, nor be deaf to signals that were ignored or blocked here.
      check(::posix_spawn_file_actions_addclosefrom_np(&actions_, k_first_inherited_fd));
      sigset_t nothing;
      ::sigemptyset(&nothing);
      check(::posix_spawnattr_setsigmask(&attributes_, &nothing));
      ::sigfillset(&defaults);
      flags = static_cast<short>(flags | POSIX_SPAWN_SETSIGMASK);
    }
    if (options.detached || options.leads_group) {
      flags = static_cast<short>(flags | POSIX_SPAWN_SETPGROUP);
    }
    check(::posix_spawnattr_setsigdefault(&attributes_, &defaults));
    check(::posix_spawnattr_setflags(&attributes_, flags));
  }

  int start(pid_t& pid, const SpawnOptions& options) {
    if (error_ != 0) return error_;
    std::vector<std::string> arguments = options.arguments;
    std::vector<std::string> variables = options.environment.as_list();
    const auto try_start = [&](const char* program) {
      return ::posix_spawn(&pid, program, &actions_, &attributes_, pointers_to(arguments).data(),
                           pointers_to(variables).data());
    };
    const int error = try_start(options.program.c_str());
    if (error != ENOEXEC) return error;
    arguments = shell_words(options.program, arguments);
    return try_start(k_shell);
  }

 private:
  void check(int error) {
    if (error_ == 0) error_ = error;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int error_ = 0;
};

Spent spent_of(const struct rusage& usage) {
  const auto time_of = [](const struct timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  constexpr std::uint64_t k_kib = 1024;
  return {time_of(usage.ru_utime) + time_of(usage.ru_stime),
          static_cast<std::uint64_t>(usage.ru_maxrss) * k_kib};
}

Result<ExitStatus> reap(pid_t pid, Spent& spent) {
  // The id may be given to another process once it is reaped: nothing must be sent to it then.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for process " + std::to_string(pid));
  }
  stop_forwarding_to(pid);
  int raw = 0;
  struct rusage usage{};
  while (::wait4(pid, &raw, 0, &usage) < 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for process " + std::to_string(pid));
  }
  spent = spent_of(usage);
  return status_of(raw);
}

Result<bool> has_ended(pid_t pid) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | WNOHANG) != 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for process " + std::to_string(pid));
  }
  return info.si_pid == pid;
}

Result<Fd> open_null(int flags) {
  Fd fd(::open("/dev/null", flags | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open /dev/null");
  return fd;
}

// Takes what is in the pipe now. False at its end.
Result<bool> take_output(int pipe, std::string& output, std::size_t output_max) {
  std::array<std::byte, 16U << 10U> buffer;  // NOLINT: filled by read
  for (;;) {
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return true;
      return fail_errno(errno, "read the output of a process");
    }
    const auto text = text_of(ByteView(buffer).first(static_cast<std::size_t>(count)));
    output.append(text.substr(0, output_max - std::min(output_max, output.size())));
  }
}

// Until the output ends or the process does: a grandchild may hold the pipe for ever. False when
// the deadline passed first.
Result<bool> collect_output(pid_t pid, int pipe, Deadline deadline, std::string& output,
                            std::size_t output_max) {
  const Fd pidfd = end_descriptor(pid);
  while (!deadline.passed()) {
    std::array<pollfd, 2> items = {pollfd{.fd = pipe, .events = POLLIN, .revents = 0},
                                   pollfd{.fd = pidfd.get(), .events = POLLIN, .revents = 0}};
    const int count = ::poll(items.data(), items.size(), deadline.left_ms());
    if (count < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (count <= 0) continue;
    const bool ended = items[1].revents != 0;
    TRY_ASSIGN(const bool more, take_output(pipe, output, output_max));
    if (!more || ended) return true;
  }
  return false;
}

}  // namespace

Result<Child> spawn(const SpawnOptions& options) {
  SpawnPlan plan;
  plan.prepare(options);
  pid_t pid = -1;
  int error = plan.start(pid, options);
  for (int i = 0; error == ETXTBSY && i < k_busy_tries_max; ++i) {
    std::this_thread::sleep_for(k_busy_pause);
    error = plan.start(pid, options);
  }
  if (error == 0) return Child(pid);
  std::string what = "start " + options.program.native();
  if (!options.working_directory.empty()) what += " in " + options.working_directory.native();
  return fail_errno(error, what);
}

Fd end_descriptor(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

Result<ExitStatus> Child::wait() { return reap(pid_, spent_); }

Result<std::optional<ExitStatus>> Child::wait_until(Deadline deadline) {
  const Fd pidfd = end_descriptor(pid_);
  if (pidfd) {
    TRY_ASSIGN(const bool ended, wait_readable(pidfd.get(), deadline));
    if (!ended) return std::nullopt;
    return reap(pid_, spent_);
  }
  std::chrono::milliseconds pause(1);
  for (;;) {
    TRY_ASSIGN(const bool ended, has_ended(pid_));
    if (ended) return reap(pid_, spent_);
    if (deadline.passed()) return std::nullopt;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, k_wait_pause_max);
  }
}

void Child::send_signal(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

Result<Captured> run_captured(const SpawnOptions& options, Deadline deadline,
                              std::size_t output_max) {
  TRY_ASSIGN(Pipe pipe, make_polled_pipe());
  TRY_ASSIGN(const Fd null, open_null(O_RDWR));

  SpawnOptions wired = options;
  if (wired.stdin_fd < 0) wired.stdin_fd = null.get();
  if (wired.stderr_fd < 0) wired.stderr_fd = null.get();
  wired.stdout_fd = pipe.writes.get();
  TRY_ASSIGN(Child child, spawn(wired));
  pipe.writes.reset();

  Captured captured;
  auto collected =
      collect_output(child.pid(), pipe.reads.get(), deadline, captured.output, output_max);
  std::optional<ExitStatus> status;
  if (collected && *collected) {
    TRY_ASSIGN(status, child.wait_until(deadline));
  }
  if (!status) {
    child.send_signal(SIGKILL);
    TRY(child.wait());
    if (!collected) return std::unexpected(std::move(collected).error());
    return fail(Code::timeout, "run " + options.program.native() + ": killed, it took too long");
  }
  captured.status = *status;
  return captured;
}

Error exec(const Path& program, const std::vector<std::string>& arguments, const Environment& env) {
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables = env.as_list();
  const sigset_t reset = signals_to_reset();
  const auto set_ignored = [&reset](void (*disposition)(int)) {
    for (const int signal : {SIGPIPE, SIGINT, SIGQUIT}) {
      if (::sigismember(&reset, signal) == 1) std::signal(signal, disposition);
    }
  };
  set_ignored(SIG_DFL);
  ::execve(program.c_str(), pointers_to(words).data(), pointers_to(variables).data());
  if (errno == ENOEXEC) {
    words = shell_words(program, arguments);
    ::execve(k_shell, pointers_to(words).data(), pointers_to(variables).data());
  }
  const int reason = errno;
  set_ignored(SIG_IGN);
  return fail_errno(reason, "start " + program.native()).error();
}

void lower_thread_priority(int nice_value) {
  // On Linux the nice value belongs to the thread. A refusal changes nothing that matters.
  ::setpriority(PRIO_PROCESS, 0, std::clamp(nice_value, 0, 19));
}

bool process_exists(pid_t pid) {
  if (pid <= 0) return false;
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

}  // namespace sluice::sys
