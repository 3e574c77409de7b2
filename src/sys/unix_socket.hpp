// Stream sockets on the local file system, with the peer's identity.
//
// Descriptors are blocking and close-on-exec. Functions may be called from any thread; a descriptor
// is used by one reader and one writer at a time. Errors name the path.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <sys/types.h>

#include <optional>

namespace sluice::sys {

struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};

// Binds and listens with mode 0600; a stale file at `path` is replaced (the caller holds a lock
// that says nobody else listens). A path longer than a socket address holds (107 bytes) is reached
// through its directory, which needs /proc; Code::invalid when the last name alone is too long.
Result<Fd> listen_unix(const Path& path);
// Nothing when nobody listens there (no file, or refused). Code::timeout when the listener is there
// but takes nobody before the deadline.
Result<std::optional<Fd>> connect_unix(const Path& path, Deadline deadline);
// Nothing when the deadline passes first.
Result<std::optional<Fd>> accept_unix(int listener, Deadline deadline);
// Who made the connection (SO_PEERCRED): the kernel says it, the peer cannot.
Result<Peer> peer_of(int socket);
// Sends as many of the bytes as the socket takes without waiting, and says how many; 0 when it is
// full.
Result<std::size_t> send_some(int socket, ByteView bytes);

}  // namespace sluice::sys
