#include "sys/signals.hpp"

#include "sys/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace sluice::sys {
namespace {

constexpr std::array<int, 7> k_forwarded = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                            SIGUSR1, SIGUSR2, SIGWINCH};

constexpr std::array<int, 4> k_ignorable = {SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT};

// Read in signal handlers, therefore lock-free and constant from the start.
constinit std::atomic<pid_t> forward_to{0};
constinit std::atomic<unsigned> arrived_early{0};           // bit per entry of k_forwarded
constinit std::atomic<int> told_to_end_by{0};               // the last one that asked for an end
constinit std::atomic<std::uint64_t> ignored_by_choice{0};  // bit per signal number
static_assert(std::atomic<pid_t>::is_always_lock_free);

constexpr std::uint64_t bit_of(int signal) {
  return std::uint64_t{1} << static_cast<unsigned>(signal);
}

void ignore(int signal) {
  struct sigaction before{};
  ::sigaction(signal, nullptr, &before);
  // What we were started ignoring is not ours to give back.
  if ((before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN) return;
  ignored_by_choice.fetch_or(bit_of(signal));
  std::signal(signal, SIG_IGN);
}

// Former dispositions, touched by the main thread only.
constinit std::array<struct sigaction, k_forwarded.size()> former{};

void forward(int signal, siginfo_t* info, void* /*context*/) {
  if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT) {
    told_to_end_by.store(signal);
  }
  // The terminal's signals come from the kernel and reached the child's group as well.
  if (info->si_code != SI_USER && info->si_code != SI_TKILL && info->si_code != SI_QUEUE) return;
  const int saved_errno = errno;
  const pid_t child = forward_to.load();
  if (child > 0) {
    ::kill(child, signal);
  } else if (child == 0) {
    for (std::size_t i = 0; i < k_forwarded.size(); ++i) {
      if (k_forwarded[i] == signal) arrived_early.fetch_or(1U << i);
    }
  }
  errno = saved_errno;
}

}  // namespace

sigset_t signals_to_reset() {
  sigset_t set;
  ::sigemptyset(&set);
  const std::uint64_t chosen = ignored_by_choice.load();
  for (const int signal : k_ignorable) {
    if ((chosen & bit_of(signal)) != 0) ::sigaddset(&set, signal);
  }
  return set;
}

void stop_forwarding_to(pid_t child) {
  pid_t expected = child;
  forward_to.compare_exchange_strong(expected, -1);
}

SignalForwarder::SignalForwarder() {
  forward_to.store(0);
  arrived_early.store(0);
  told_to_end_by.store(0);
  for (std::size_t i = 0; i < k_forwarded.size(); ++i) {
    struct sigaction action{};
    ::sigaction(k_forwarded[i], nullptr, &former[i]);
    // What we were started ignoring (nohup) stays ignored, by us and by the child.
    if ((former[i].sa_flags & SA_SIGINFO) == 0 && former[i].sa_handler == SIG_IGN) continue;
    action.sa_sigaction = &forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigfillset(&action.sa_mask);
    ::sigaction(k_forwarded[i], &action, nullptr);
  }
}

SignalForwarder::SignalForwarder(pid_t child) : SignalForwarder() { set_child(child); }

int SignalForwarder::ending_signal() const { return told_to_end_by.load(); }

void SignalForwarder::set_child(pid_t child) {
  forward_to.store(child);
  const unsigned early = arrived_early.exchange(0);
  for (std::size_t i = 0; i < k_forwarded.size(); ++i) {
    if ((early & (1U << i)) != 0 && child > 0) ::kill(child, k_forwarded[i]);
  }
}

SignalForwarder::~SignalForwarder() {
  forward_to.store(-1);
  for (std::size_t i = 0; i < k_forwarded.size(); ++i) {
    ::sigaction(k_forwarded[i], &former[i], nullptr);
  }
}

void die_by_signal(int signal) {
  // The child wrote its core already if it had to; ours would say nothing about it.
  const struct rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  std::signal(signal, SIG_DFL);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(signal);
  // The first process of a container survives signals of its own: say it as a shell would.
  ::_exit(128 + signal);
}

void hide_memory() {
  // No limit on cores: a pipe in core_pattern does not ask for it, and children would inherit it.
  ::prctl(PR_SET_DUMPABLE, 0);
}

void end_process_after(unsigned seconds) {
  std::signal(SIGALRM, SIG_DFL);
  ::alarm(seconds);
}

void ignore_write_signals() {
  ignore(SIGPIPE);
  ignore(SIGXFSZ);
}

void ignore_interrupts() {
  ignore(SIGINT);
  ignore(SIGQUIT);
}

void expect_children() { std::signal(SIGCHLD, SIG_DFL); }

void hold_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest that is free is given, which is this one.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", O_RDONLY);
  }
}

}  // namespace sluice::sys
