// Files as they get ready in one directory: told by the kernel, not looked for.
//
// Owns an inotify instance; one thread. A file is ready when it was renamed into the directory,
// when whoever wrote it there has closed it, or when both its times were set (`go test -c -o DIR`
// does that to a binary that is as it would make it again). What was there before is not told.
// Errors are those of the kernel: no right, no more watches (fs.inotify.max_user_watches).
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <string>
#include <vector>

namespace sluice::sys {

class DirectoryWatch {
 public:
  static Result<DirectoryWatch> create(const Path& directory);

  struct Ready {
    std::vector<std::string> names;  // in order; one may come again
    bool has_lost = false;           // more happened than the kernel keeps: look for yourself
  };
  // What got ready since the last call; waits for something until the deadline.
  Result<Ready> wait(Deadline deadline);
  int fd() const { return fd_.get(); }  // readable when there is something, for poll(2)

 private:
  explicit DirectoryWatch(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace sluice::sys
