#include "sys/pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sluice::sys {

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<Pipe> make_polled_pipe() {
  TRY_ASSIGN(Pipe pipe, make_pipe());
  if (::fcntl(pipe.reads.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno(errno, "fcntl");
  return pipe;
}

}  // namespace sluice::sys
