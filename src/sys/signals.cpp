#include "sys/signals.hpp"

#include "sys/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>

namespace sluice::sys {
namespace {

constexpr std::array<int, 7> k_forwarded = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                            SIGUSR1, SIGUSR2, SIGWINCH};

// Read in signal handlers, therefore lock-free and constant from the start.
constinit std::atomic<pid_t> forward_to{0};
constinit std::atomic<unsigned> arrived_early{0};  // bit per entry of k_forwarded
constinit std::atomic<bool> ignores_sigpipe_itself{false};
static_assert(std::atomic<pid_t>::is_always_lock_free);

// Former dispositions, touched by the main thread only.
constinit std::array<struct sigaction, k_forwarded.size()> former{};

void forward(int signal, siginfo_t* info, void* /*context*/) {
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
  if (ignores_sigpipe_itself.load()) ::sigaddset(&set, SIGPIPE);
  return set;
}

void stop_forwarding_to(pid_t child) {
  pid_t expected = child;
  forward_to.compare_exchange_strong(expected, -1);
}

SignalForwarder::SignalForwarder() {
  forward_to.store(0);
  arrived_early.store(0);
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

void end_process_after(unsigned seconds) {
  std::signal(SIGALRM, SIG_DFL);
  ::alarm(seconds);
}

void ignore_sigpipe() {
  struct sigaction before{};
  ::sigaction(SIGPIPE, nullptr, &before);
  if ((before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN) return;
  ignores_sigpipe_itself.store(true);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace sluice::sys
