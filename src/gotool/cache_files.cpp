#include "gotool/cache_files.hpp"

#include "base/strings.hpp"
#include "gotool/go_stat.hpp"
#include "sys/file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <random>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_temp_prefix = "sluice-";
constexpr std::string_view k_temp_suffix = ".tmp";
constexpr std::size_t k_read_piece = std::size_t{128} << 10U;
constexpr char k_digits[] = "0123456789abcdef";

FileStat from_stat(const struct stat& info) {
  return {.size = static_cast<std::uint64_t>(info.st_size),
          .allocated = static_cast<std::uint64_t>(info.st_blocks) * 512,
          .mtime_ns = unix_ns(info.st_mtim),
          .is_regular = S_ISREG(info.st_mode),
          .is_directory = S_ISDIR(info.st_mode)};
}

// Tells the writers of one process and of processes with equal ids (containers that share a cache)
// apart.
std::string_view process_token() {
  static const std::string token =
      fmt::format("{}-{:08x}", static_cast<std::int64_t>(getpid()), std::random_device{}());
  return token;
}

int open_retrying(const char* name, int flags, mode_t mode = 0) {
  for (;;) {
    const int fd = open(name, flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

std::string directory_of(const std::string& name) { return name.substr(0, name.rfind('/')); }

// `go clean -cache` removes the subdirectories, also under us: then once more with a new one.
template <class Open>
int open_in_directory(const std::string& target, const Open& open_it) {
  const int fd = open_it();
  if (fd >= 0 || errno != ENOENT) return fd;
  if (!sys::make_directories(directory_of(target))) {
    errno = ENOENT;
    return -1;
  }
  return open_it();
}

// link(2) from a file without a name.
bool link_open(int fd, const std::string& target) {
  const auto source = fmt::format("/proc/self/fd/{}", fd);
  return linkat(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// Without /proc (a bare chroot) a file can never get a name by link_open().
bool can_link_open() {
  static const bool can = access("/proc/self/fd", X_OK) == 0;
  return can;
}

Result<void> rename_over(const std::string& from, const std::string& target) {
  if (rename(from.c_str(), target.c_str()) == 0) return {};
  int error = errno;
  if (error == EISDIR || error == ENOTEMPTY || error == EEXIST) {
    if (sys::remove_tree(target) && rename(from.c_str(), target.c_str()) == 0) return {};
    error = errno;
  }
  static_cast<void>(unlink(from.c_str()));
  return fail_errno(error, "publish " + target);
}

// A new file with these bytes, not published yet.
Result<TempFile> write_temp(const std::string& target, ByteView bytes) {
  TRY_ASSIGN(TempFile temp, create_temp(target));
  if (auto written = sys::write_all(temp.fd.get(), bytes); !written) {
    discard_temp(temp);
    return std::unexpected(std::move(written).error().in("write " + target));
  }
  return temp;
}

// A taken name is no error: it says that the file must be renamed over the other.
enum class NewFile { published, name_taken };

Result<NewFile> publish_new(TempFile& temp, const std::string& target) {
  if (!temp.name.empty()) return NewFile::name_taken;
  if (link_open(temp.fd.get(), target)) return NewFile::published;
  if (errno == ENOENT && sys::make_directories(directory_of(target)) &&
      link_open(temp.fd.get(), target)) {
    return NewFile::published;
  }
  if (errno == EEXIST) return NewFile::name_taken;
  return fail_errno(errno, "publish " + target);
}

// As go writes it: into the file itself, whether it is new or there already.
bool write_entry(const std::string& target, std::string_view text) {
  const sys::Fd fd(open_in_directory(
      target, [&] { return open_retrying(target.c_str(), O_WRONLY | O_CREAT, 0666); }));
  if (!fd) return false;
  struct stat info{};
  if (sys::write_all(fd.get(), bytes_of(text)) && fstat(fd.get(), &info) == 0) {
    const auto size = static_cast<off_t>(text.size());
    if (info.st_size == size || ftruncate(fd.get(), size) == 0) return true;
  }
  static_cast<void>(unlink(target.c_str()));  // half an entry is a miss, and this one is no more
  return false;
}

}  // namespace

std::string subdirectory_name(std::string_view prefix, unsigned index) {
  std::string name(prefix);
  name.push_back(k_digits[(index >> 4U) & 15U]);
  name.push_back(k_digits[index & 15U]);
  return name;
}

std::string entry_name(std::string_view prefix, ByteView id, char key) {
  std::string name;
  name.reserve(prefix.size() + 3 + 2 * id.size() + 2);
  name += prefix;
  name.push_back(k_digits[std::to_integer<unsigned>(id[0]) >> 4U]);
  name.push_back(k_digits[std::to_integer<unsigned>(id[0]) & 15U]);
  name.push_back('/');
  for (const std::byte b : id) {
    const auto value = std::to_integer<unsigned>(b);
    name.push_back(k_digits[value >> 4U]);
    name.push_back(k_digits[value & 15U]);
  }
  name.push_back('-');
  name.push_back(key);
  return name;
}

Result<std::optional<FileStat>> stat_name(const std::string& name) {
  struct stat info{};
  if (stat(name.c_str(), &info) == 0) return from_stat(info);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  return fail_errno(errno, "stat " + name);
}

Result<FileStat> stat_open(int fd, const std::string& name) {
  struct stat info{};
  if (fstat(fd, &info) == 0) return from_stat(info);
  return fail_errno(errno, "stat " + name);
}

void mark_used(const std::string& name, UnixNanos mtime_ns) {
  if (unix_now_ns() - mtime_ns < k_use_mark_interval_ns) return;
  // A mark that cannot be set costs an early eviction and nothing else.
  static_cast<void>(utimensat(AT_FDCWD, name.c_str(), nullptr, 0));
}

bool file_matches(const std::string& name, const BlobId& output) {
  const sys::Fd fd(open_retrying(name.c_str(), O_RDONLY));
  if (!fd) return false;
  static thread_local Bytes buffer(k_read_piece);
  Sha256 hash;
  for (;;) {
    const auto count = sys::read_some(fd.get(), buffer);
    if (!count) return false;
    if (*count == 0) break;
    hash.update(ByteView(buffer).first(*count));
  }
  return hash.finish_as<BlobId>() == output;
}

std::optional<std::string> only_file_in(const std::string& directory) {
  std::string found;
  int count = 0;
  const auto listed = sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    found = directory + "/" + std::string(name);
    if (++count > 1) return fail(Code::corrupt, "more than one file");
    return {};
  });
  if (!listed || count != 1) return std::nullopt;
  return found;
}

std::string temp_name(const std::string& target) {
  static std::atomic<std::uint64_t> counter{0};
  const std::string_view directory = std::string_view(target).substr(0, target.rfind('/') + 1);
  return fmt::format("{}{}{}-{}{}", directory, k_temp_prefix, process_token(),
                     counter.fetch_add(1, std::memory_order_relaxed), k_temp_suffix);
}

std::optional<std::int64_t> temp_writer(std::string_view name) {
  if (!name.starts_with(k_temp_prefix) || !name.ends_with(k_temp_suffix)) return std::nullopt;
  name.remove_prefix(k_temp_prefix.size());
  return parse_int<std::int64_t>(name.substr(0, name.find('-')));
}

Result<std::optional<sys::Fd>> open_name(const std::string& name) {
  sys::Fd fd(open_retrying(name.c_str(), O_RDONLY));
  if (fd) return fd;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  return fail_errno(errno, "open " + name);
}

Result<TempFile> create_temp(const std::string& target) {
  TempFile temp;
  if (can_link_open()) {
    const std::string directory = directory_of(target);
    temp.fd.reset(open_in_directory(
        target, [&] { return open_retrying(directory.c_str(), O_WRONLY | O_TMPFILE, 0666); }));
    if (temp.fd) return temp;
  }
  temp.name = temp_name(target);
  temp.fd.reset(open_in_directory(
      target, [&] { return open_retrying(temp.name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666); }));
  if (!temp.fd) return fail_errno(errno, "create " + temp.name);
  return temp;
}

void discard_temp(TempFile& temp) {
  temp.fd.reset();
  if (!temp.name.empty()) static_cast<void>(unlink(temp.name.c_str()));
  temp.name.clear();
}

Result<void> publish_temp(TempFile temp, const std::string& target) {
  TRY_ASSIGN(const NewFile outcome, publish_new(temp, target));
  if (outcome == NewFile::published) return {};
  if (temp.name.empty()) {
    temp.name = temp_name(target);
    if (!link_open(temp.fd.get(), temp.name)) return fail_errno(errno, "create " + temp.name);
  }
  // close(2) is where some file systems report that the disk is full.
  if (close(temp.fd.release()) != 0 && errno != EINTR) {
    const int error = errno;
    discard_temp(temp);
    return fail_errno(error, "write " + target);
  }
  return rename_over(temp.name, target);
}

Result<void> publish_bytes(const std::string& target, ByteView bytes) {
  TRY_ASSIGN(TempFile temp, write_temp(target, bytes));
  return publish_temp(std::move(temp), target);
}

Result<void> publish_entry(const std::string& target, std::string_view text) {
  if (write_entry(target, text)) return {};
  // A directory or a file of somebody else in its place, or a full disk: the error is from here.
  return publish_bytes(target, bytes_of(text));
}

}  // namespace sluice::gotool
