// Files: reading with a bound, publishing atomically, listing, locks, directories.
//
// Nothing here keeps state; every function may be called from any thread. Sizes are bytes. Errors
// name the path; their code follows errno (result.hpp). Nothing is fsynced: what sluice stores can
// always be made again, and readers verify.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "sys/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

struct stat;

namespace sluice::sys {

using Path = std::filesystem::path;

struct FileInfo {
  std::uint64_t size = 0;
  UnixNanos mtime_ns = 0;
  UnixNanos changed_ns = 0;  // of content or attributes; nobody can set it
  std::uint32_t mode = 0;    // type and permission bits as in stat(2)
  std::uint32_t uid = 0;
  std::uint64_t inode = 0;
  bool is_regular() const;
  bool is_directory() const;
};

FileInfo info_of(const struct stat& raw);

// Nothing when there is no such file (ENOENT, ENOTDIR). Follows symbolic links unless told not to.
Result<std::optional<FileInfo>> stat_file(const Path& path, bool follow = true);

Result<Fd> open_read(const Path& path);  // Code::not_found when absent
Result<std::optional<Fd>> open_if_exists(const Path& path);
// The whole file, refused with Code::exhausted above `size_max`; nothing when absent.
Result<std::optional<Bytes>> read_file(const Path& path, std::uint64_t size_max);

// mkdir -p; every directory created gets `mode` & ~umask.
Result<void> make_directories(const Path& path, std::uint32_t mode = 0777);
// A directory of our own: created 0700 (its parents as make_directories does) or, when there, owned
// by this user, a real directory (no link) and closed to group and others; anything else is
// Code::denied.
Result<void> make_private_directory(const Path& path);

// Every temporary file's name starts so: what a killed process left behind can be told and removed.
inline constexpr std::string_view k_temp_prefix = ".sluice-tmp-";

// Writes a temporary file beside its target and renames it over the target in commit(). Dropped
// without commit, it leaves nothing behind. Every commit closes the file first; after one that
// failed another may be tried. The target's directory must exist. One thread at a time.
class AtomicFile {
 public:
  // `directory_for_temp` must be on the target's file system; default: the target's directory.
  static Result<AtomicFile> create(const Path& target, std::uint32_t mode = 0666,
                                   const Path& directory_for_temp = {});
  ~AtomicFile();
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;

  int fd() const { return fd_.get(); }
  const Path& temp_path() const { return temp_; }
  Result<void> write(ByteView bytes);
  Result<void> commit();                       // rename over whatever is there
  Result<void> commit_as(const Path& target);  // the same under a name known only now
  Result<bool> commit_if_absent();             // false: the target exists already, nothing changed

 private:
  AtomicFile() = default;
  Result<void> close_file();

  Fd fd_;
  Path target_;
  Path temp_;
};

Result<void> write_file_atomic(const Path& path, ByteView bytes, std::uint32_t mode = 0666);
// A symbolic link to `target`; one that leads elsewhere is replaced by rename.
Result<void> ensure_symlink(const Path& path, const Path& target);
// For a file that a person named as output: one that is regular or absent is replaced atomically; a
// device, a pipe that somebody reads, a link's target and this process's own descriptor
// (/dev/stderr, /dev/fd/N) are written to. Never waits for a reader.
Result<void> write_named_file(const Path& path, ByteView bytes);
// One O_APPEND write: lines of several processes do not mix.
Result<void> append_to_file(const Path& path, ByteView bytes, std::uint32_t mode = 0600);
Result<void> remove_file(const Path& path);  // absent is fine
Result<void> remove_tree(const Path& path);  // absent is fine; never follows links
Result<void> touch(const Path& path, UnixNanos mtime_ns);
Result<void> touch_link(const Path& path, UnixNanos mtime_ns);  // of a symbolic link itself
// Calls `visit` with the name of every entry but "." and ".."; stops at the first error.
Result<void> list_directory(const Path& path,
                            const std::function<Result<void>(std::string_view name)>& visit);
Result<std::uint64_t> free_space(const Path& path);  // bytes an ordinary user may still write

// An flock(2) held while the object lives; the file is created and stays. Code::timeout when the
// deadline passes first. Two locks exclude each other within one process too. A lock file that
// somebody removes is made anew by the next taker: remove one only while holding it.
class FileLock {
 public:
  static Result<FileLock> acquire(const Path& path, Deadline deadline);
  static Result<std::optional<FileLock>> try_acquire(const Path& path);
  // Beside others who share it; waits for one who has it alone.
  static Result<FileLock> share(const Path& path, Deadline deadline);

 private:
  static Result<std::optional<FileLock>> try_lock(const Path& path, int how);
  static Result<FileLock> wait_for(const Path& path, int how, Deadline deadline);
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// A directory for temporary files that vanishes with the object (tests, staging).
class TempDirectory {
 public:
  static Result<TempDirectory> create(std::string_view prefix);
  ~TempDirectory();
  TempDirectory(TempDirectory&&) noexcept;
  TempDirectory& operator=(TempDirectory&&) = delete;
  const Path& path() const { return path_; }

 private:
  explicit TempDirectory(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace sluice::sys
