#include "sys/stop_signal.hpp"

#include <atomic>
#include <csignal>

namespace sluice::sys {
namespace {

std::atomic<bool> g_came{false};
static_assert(std::atomic<bool>::is_always_lock_free);
struct sigaction g_before{};

void note(int /*signal*/) { g_came = true; }

}  // namespace

StopSignal::StopSignal() {
  g_came = false;
  struct sigaction action{};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  (void)::sigaction(SIGTSTP, &action, &g_before);
}

StopSignal::~StopSignal() { (void)::sigaction(SIGTSTP, &g_before, nullptr); }

bool StopSignal::take() { return g_came.exchange(false); }

void StopSignal::stop_here() { (void)::raise(SIGSTOP); }

}  // namespace sluice::sys
