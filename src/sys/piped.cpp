#include "sys/piped.hpp"

#include "base/bytes.hpp"
#include "sys/pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

namespace sluice::sys {
namespace {

using OnOutput = std::function<Result<void>(std::string_view)>;

// Hands on what is in the pipe now; closes it at its end.
Result<void> drain(Fd& pipe, const OnOutput& on_output) {
  std::array<std::byte, 64U << 10U> buffer;  // NOLINT: filled by read
  while (pipe) {
    const ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
    if (count > 0) {
      TRY(on_output(text_of(ByteView(buffer).first(static_cast<std::size_t>(count)))));
    } else if (count == 0) {
      pipe.reset();
    } else if (errno == EAGAIN) {
      return {};
    } else if (errno != EINTR) {
      return fail_errno(errno, "read the output of a process");
    }
  }
  return {};
}

// Until both pipes have ended or the process has: a grandchild may hold them for ever.
Result<void> pump(pid_t pid, Fd& output, Fd& errors, const OnOutput& on_output,
                  const OnOutput& on_error) {
  // Empty on a kernel without it (before 5.3): then the pipes alone say when it is over.
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  bool more = true;
  while (more && (output || errors)) {
    // A descriptor of -1 is passed over.
    std::array<pollfd, 3> items = {pollfd{.fd = output.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = errors.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = ended.get(), .events = POLLIN, .revents = 0}};
    if (::poll(items.data(), items.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "poll");
    }
    more = items[2].revents == 0;
    TRY(drain(output, on_output));
    TRY(drain(errors, on_error));
  }
  return {};
}

Result<void> end_child(Child& child) {
  child.send_signal(SIGTERM);
  TRY_ASSIGN(const auto status, child.wait_until(Deadline::after(k_piped_end_max)));
  if (status) return {};
  child.send_signal(SIGKILL);
  TRY(child.wait());
  return {};
}

}  // namespace

Result<Piped> run_piped(const SpawnOptions& options, const OnOutput& on_output) {
  std::string errors;
  auto piped = run_piped(options, on_output, [&errors](std::string_view text) -> Result<void> {
    errors.append(text.substr(0, k_piped_errors_max - errors.size()));
    return {};
  });
  if (piped) piped->errors = std::move(errors);
  return piped;
}

Result<Piped> run_piped(const SpawnOptions& options, const OnOutput& on_output,
                        const OnOutput& on_error) {
  TRY_ASSIGN(Pipe output, make_polled_pipe());
  TRY_ASSIGN(Pipe errors, make_polled_pipe());
  SpawnOptions wired = options;
  Fd null;
  if (wired.stdin_fd < 0) {
    null.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return fail_errno(errno, "open /dev/null");
    wired.stdin_fd = null.get();
  }
  wired.stdout_fd = output.writes.get();
  wired.stderr_fd = errors.writes.get();

  SignalForwarder forwarder;  // first, so that no signal falls between the two
  TRY_ASSIGN(Child child, spawn(wired));
  forwarder.set_child(child.pid());
  output.writes.reset();
  errors.writes.reset();

  Piped piped;
  const auto pumped = pump(child.pid(), output.reads, errors.reads, on_output, on_error);
  if (!pumped) {
    output.reads.reset();
    errors.reads.reset();
    TRY(end_child(child));
    return std::unexpected(pumped.error());
  }
  TRY_ASSIGN(piped.status, child.wait());
  piped.ending_signal = forwarder.ending_signal();
  return piped;
}

}  // namespace sluice::sys
