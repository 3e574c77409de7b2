// The files of a GOCACHE directory, one system call deep: names, whole small files, publication.
//
// Private to this room: LocalTier and collect() are made of it. Free functions on paths, any
// thread; errors are those of the operating system and name the path. Plain strings instead of
// sys::Path, because these calls are made for every lookup of a build.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "sys/fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::gotool {

inline constexpr unsigned k_subdirectory_count = 256;
// A mark of use is renewed when it is older than this (mtimeInterval of cmd/go/internal/cache).
inline constexpr UnixNanos k_use_mark_interval_ns = UnixNanos{3600} * 1'000'000'000;

// "00/" … "ff/" under a prefix that ends with '/'.
std::string subdirectory_name(std::string_view prefix, unsigned index);
// The full name of `<hex>-a` or `<hex>-d`.
std::string entry_name(std::string_view prefix, ByteView id, char key);

struct FileStat {
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  // bytes on disk
  UnixNanos mtime_ns = 0;
  bool is_regular = false;
  bool is_directory = false;
};

// Nothing when absent. Follows links, as go does.
Result<std::optional<FileStat>> stat_name(const std::string& name);
Result<FileStat> stat_open(int fd, const std::string& name);

// Sets the modification time to now when it is older than the interval. Best effort.
void mark_used(const std::string& name, UnixNanos mtime_ns);

// True when the file's bytes have this SHA-256; false also when it cannot be read.
bool file_matches(const std::string& name, const BlobId& output);

// The only file in the directory of an executable entry; nothing when there is none or another
// count.
std::optional<std::string> only_file_in(const std::string& directory);

// Opens for reading; nothing when absent.
Result<std::optional<sys::Fd>> open_name(const std::string& name);

// A new file that readers of the cache do not see. Where the file system can, it has no name at all
// (O_TMPFILE) and vanishes with its writer; else a temporary one in the directory of `target`.
struct TempFile {
  sys::Fd fd;
  std::string name;  // empty: it has none
};
Result<TempFile> create_temp(const std::string& target);
// Removes it again. An error on the way is the caller's to report.
void discard_temp(TempFile& temp);
std::string temp_name(const std::string& target);
// The id of the process that wrote this temporary file (a name without directory); nothing for
// names that are not ours.
std::optional<std::int64_t> temp_writer(std::string_view name);

// Gives the file its name, over whatever stands there, and closes it. In case of an error nothing
// is left of it.
Result<void> publish_temp(TempFile temp, const std::string& target);
// The whole way for the bytes of an output.
Result<void> publish_bytes(const std::string& target, ByteView bytes);
// A `-a` file, written in place as go does: readers take a part of it, or a mixture of two entries,
// for none; a temporary file costs half as much again, and a rename over a file makes ext4 write it
// out at once. What cannot be written into is replaced as publish_bytes() does.
Result<void> publish_entry(const std::string& target, std::string_view text);

}  // namespace sluice::gotool
