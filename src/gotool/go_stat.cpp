#include "gotool/go_stat.hpp"

#include "sys/file.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr UnixNanos k_second_ns = 1'000'000'000;

constexpr std::uint32_t k_go_dir = 1U << 31U;
constexpr std::uint32_t k_go_symlink = 1U << 27U;
constexpr std::uint32_t k_go_device = 1U << 26U;
constexpr std::uint32_t k_go_named_pipe = 1U << 25U;
constexpr std::uint32_t k_go_socket = 1U << 24U;
constexpr std::uint32_t k_go_setuid = 1U << 23U;
constexpr std::uint32_t k_go_setgid = 1U << 22U;
constexpr std::uint32_t k_go_char_device = 1U << 21U;
constexpr std::uint32_t k_go_sticky = 1U << 20U;

// syscall's words for the errors that a path can give.
constexpr std::array<std::pair<int, std::string_view>, 6> k_go_errors = {{
    {ENOENT, "no such file or directory"},
    {ENOTDIR, "not a directory"},
    {EACCES, "permission denied"},
    {EPERM, "operation not permitted"},
    {ELOOP, "too many levels of symbolic links"},
    {ENAMETOOLONG, "file name too long"},
}};

}  // namespace

UnixNanos unix_ns(const timespec& time) {
  return static_cast<UnixNanos>(time.tv_sec) * k_second_ns + time.tv_nsec;
}

std::uint32_t go_file_mode(std::uint32_t st_mode) {
  std::uint32_t mode = st_mode & 0777U;
  switch (st_mode & S_IFMT) {
    case S_IFDIR: mode |= k_go_dir; break;
    case S_IFLNK: mode |= k_go_symlink; break;
    case S_IFBLK: mode |= k_go_device; break;
    case S_IFCHR: mode |= k_go_device | k_go_char_device; break;
    case S_IFIFO: mode |= k_go_named_pipe; break;
    case S_IFSOCK: mode |= k_go_socket; break;
    default: break;
  }
  if ((st_mode & S_ISUID) != 0) mode |= k_go_setuid;
  if ((st_mode & S_ISGID) != 0) mode |= k_go_setgid;
  if ((st_mode & S_ISVTX) != 0) mode |= k_go_sticky;
  return mode;
}

std::string go_time_text(UnixNanos time_ns) {
  UnixNanos second = time_ns / k_second_ns;
  UnixNanos nanos = time_ns % k_second_ns;
  if (nanos < 0) {
    nanos += k_second_ns;
    --second;
  }
  const auto seconds = static_cast<std::time_t>(second);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1,
                  local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
  if (nanos != 0) {
    std::string fraction = fmt::format("{:09}", nanos);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  const long minutes = std::abs(local.tm_gmtoff) / 60;
  const std::string offset =
      fmt::format("{}{:02}{:02}", local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
  const std::string_view zone = local.tm_zone != nullptr ? local.tm_zone : "";
  return fmt::format("{} {} {}", text, offset, zone.empty() ? std::string_view(offset) : zone);
}

std::string go_stat_text(const struct stat& info) {
  return fmt::format("stat {} {:x} {} {}\n", info.st_size, go_file_mode(info.st_mode),
                     go_time_text(unix_ns(info.st_mtim)), S_ISDIR(info.st_mode));
}

std::optional<std::string> go_error_text(std::string_view op, std::string_view path, int error) {
  for (const auto& [number, words] : k_go_errors) {
    if (number == error) return fmt::format("err {} {}: {}\n", op, path, words);
  }
  return std::nullopt;
}

Result<std::vector<std::string>> list_names(const std::string& path) {
  std::vector<std::string> names;
  TRY(sys::list_directory(path, [&](std::string_view name) -> Result<void> {
    names.emplace_back(name);
    return {};
  }));
  std::ranges::sort(names);
  return names;
}

}  // namespace sluice::gotool
