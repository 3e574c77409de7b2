#include "sys/directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace sluice::sys {
namespace {

constexpr std::size_t k_events_size = 64U << 10U;

}  // namespace

Result<DirectoryWatch> DirectoryWatch::create(const Path& directory) {
  Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return fail_errno(errno, "watch " + directory.native());
  constexpr std::uint32_t k_wanted = IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR;
  if (::inotify_add_watch(fd.get(), directory.c_str(), k_wanted) < 0) {
    return fail_errno(errno, "watch " + directory.native());
  }
  return DirectoryWatch(std::move(fd));
}

Result<DirectoryWatch::Ready> DirectoryWatch::wait(Deadline deadline) {
  Ready ready;
  TRY_ASSIGN(const bool is_there, wait_readable(fd_.get(), deadline));
  if (!is_there) return ready;
  alignas(inotify_event) std::array<char, k_events_size> events;
  for (;;) {
    const ssize_t count = ::read(fd_.get(), events.data(), events.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return ready;
    if (count <= 0) return fail_errno(errno, "read what got ready");
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(count);) {
      inotify_event event{};
      std::memcpy(&event, events.data() + at, sizeof event);
      // The name ends with the first zero; `len` counts those behind it, too.
      if (event.len > 0) ready.names.emplace_back(events.data() + at + sizeof event);
      if ((event.mask & IN_Q_OVERFLOW) != 0) ready.has_lost = true;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace sluice::sys
