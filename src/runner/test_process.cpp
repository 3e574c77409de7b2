#include "runner/test_process.hpp"

#include "base/strings.hpp"
#include "sys/pipe.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace sluice::runner {
namespace {

constexpr std::size_t k_read_bytes = 64U << 10U;
constexpr auto k_look_pause = std::chrono::milliseconds(20);

}  // namespace

Result<std::unique_ptr<TestProcess>> TestProcess::start(sys::Loop& loop, const TestCommand& command,
                                                        OnOutput on_output, OnEnd on_end) {
  TRY_ASSIGN(sys::Pipe pipe, sys::make_polled_pipe());
  const sys::Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return fail_errno(errno, "open /dev/null");
  sys::SpawnOptions options;
  options.program = command.program;
  options.arguments = command.arguments;
  options.environment = command.environment;
  options.working_directory = command.directory;
  options.stdout_fd = pipe.writes.get();
  if (!command.is_foreground) {
    options.leads_group = true;
    options.stdin_fd = null.get();
    options.stderr_fd = pipe.writes.get();
  }
  if (command.error_fd >= 0) options.stderr_fd = command.error_fd;
  TRY_ASSIGN(const sys::Child child, sys::spawn(options));
  return std::make_unique<TestProcess>(loop, child, std::move(pipe.reads),
                                       sys::end_descriptor(child.pid()), command,
                                       std::move(on_output), std::move(on_end));
}

TestProcess::TestProcess(sys::Loop& loop, sys::Child child, sys::Fd output, sys::Fd ended,
                         const TestCommand& command, OnOutput on_output, OnEnd on_end)
    : loop_(loop),
      child_(child),
      output_(std::move(output)),
      ended_fd_(std::move(ended)),
      leads_group_(!command.is_foreground),
      wait_delay_(command.wait_delay),
      on_output_(std::move(on_output)),
      on_end_(std::move(on_end)),
      started_(std::chrono::steady_clock::now()) {
  loop_.watch(output_.get(), [this] { read_output(); });
  if (ended_fd_)
    loop_.watch(ended_fd_.get(), [this] { look_for_end(); });
  else
    look_timer_ = after(k_look_pause, &TestProcess::look_for_end);
  if (command.quit_after.count() > 0) timer_ = after(command.quit_after, &TestProcess::quit);
}

TestProcess::~TestProcess() {
  if (ended_fd_) loop_.unwatch(ended_fd_.get());
  stop_reading();
  for (const auto timer : {timer_, wait_timer_, look_timer_}) loop_.cancel(timer);
  if (has_ended_) return;
  signal_all(SIGKILL);
  (void)child_.wait();
}

sys::Loop::Timer TestProcess::after(std::chrono::milliseconds span, void (TestProcess::*then)()) {
  return loop_.after(span, [this, then] { (this->*then)(); });
}

void TestProcess::signal_all(int signal) const {
  if (!has_ended_) ::kill(leads_group_ ? -child_.pid() : child_.pid(), signal);
}

void TestProcess::read_output() {
  std::array<char, k_read_bytes> piece;  // NOLINT: filled by read
  const ssize_t count = ::read(output_.get(), piece.data(), piece.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) return on_output_({piece.data(), static_cast<std::size_t>(count)});
  stop_reading();
  if (has_ended_) finish();
}

void TestProcess::stop_reading() {
  if (!output_) return;
  loop_.unwatch(output_.get());
  output_.reset();
}

// Go's runtime says where all its goroutines are, and ends.
void TestProcess::quit() {
  end_.was_told_to_quit = true;
  child_.send_signal(SIGQUIT);
  timer_ = 0;
  if (wait_delay_.count() > 0) {
    timer_ = loop_.after(wait_delay_, [this] { signal_all(SIGKILL); });
  }
}

void TestProcess::look_for_end() {
  const auto status = child_.wait_until(Deadline::after(std::chrono::milliseconds(0)));
  if (status && !*status) {
    if (!ended_fd_) look_timer_ = after(k_look_pause, &TestProcess::look_for_end);
    return;
  }
  if (status) end_.status = **status;
  end_.spent = child_.spent();
  ended();
}

void TestProcess::ended() {
  has_ended_ = true;
  if (ended_fd_) loop_.unwatch(ended_fd_.get());
  loop_.cancel(timer_);
  if (!output_) return finish();
  if (wait_delay_.count() == 0) return;
  wait_timer_ = loop_.after(wait_delay_, [this] {
    end_.is_output_incomplete = true;
    stop_reading();
    finish();
  });
}

void TestProcess::finish() {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
  end_.elapsed_s = took.count();
  const TestEnd end = end_;
  const OnEnd on_end = on_end_;
  on_end(end);  // may destroy this
}

std::string failure_words(const sys::ExitStatus& status) {
  if (status.signal == 0) return fmt::format("exit status {}", status.code);
  const char* name = ::strsignal(status.signal);  // NOLINT(concurrency-mt-unsafe)
  // Go's names are those of libc, in small letters.
  return "signal: " + to_lower(name != nullptr ? name : "");
}

}  // namespace sluice::runner
