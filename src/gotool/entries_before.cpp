#include "gotool/entries_before.hpp"

#include "base/strings.hpp"
#include "codec/wire.hpp"
#include "gotool/go_stat.hpp"
#include "gotool/same_path.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_magic = "sluice entries before 2";
constexpr std::string_view k_testdata = "testdata";
constexpr std::string_view k_git = ".git";  // no test's fingerprint has what lies in it
constexpr UnixNanos k_made_in_ns = 20'000'000;
constexpr std::size_t k_text_max = std::size_t{64} << 10U;
constexpr std::size_t k_directory_bytes_min = 1 + 8 + 8 + 1;
constexpr std::size_t k_entry_bytes_min = 1 + 8 + 8;

}  // namespace

Result<EntriesBefore::Directory> EntriesBefore::list(const std::string& directory,
                                                     std::vector<std::string>* below) {
  struct stat info{};
  if (::lstat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return fail_errno(errno, directory);
  }
  Directory listed;
  listed.inode = info.st_ino;
  listed.mode = info.st_mode;
  TRY_ASSIGN(const auto names, list_names(directory));
  for (const std::string& name : names) {
    if (::lstat((directory + "/" + name).c_str(), &info) != 0) return fail_errno(errno, name);
    listed.entries[name] = {info.st_ino, unix_ns(info.st_ctim)};
    if (below != nullptr && S_ISDIR(info.st_mode)) below->push_back(name);
  }
  return listed;
}

Result<void> EntriesBefore::add(const std::string& directory, Below below) {
  std::vector<std::string> inside;
  TRY_ASSIGN(Directory listed, list(directory, &inside));
  count_ += 1 + listed.entries.size();
  if (count_ > k_entries_before_max) return fail(Code::exhausted, directory + ": too many entries");
  directories_[directory] = std::move(listed);
  if (below == Below::nothing) return {};
  for (const std::string& name : inside) {
    if (below == Below::testdata ? name != k_testdata : name == k_git) continue;
    TRY(add(directory + "/" + name, Below::everything));
  }
  return {};
}

Result<EntriesBefore> EntriesBefore::of_package(const sys::Path& directory, const sys::Path& root) {
  std::error_code error;
  const sys::Path place = std::filesystem::canonical(directory, error);
  if (error) return fail_errno(error.value(), directory.native());
  EntriesBefore before;
  if (const auto all = before.add(place.native(), Below::everything); !all) {
    if (all.error().code != Code::exhausted) return std::unexpected(all.error());
    before = {};
    TRY(before.add(place.native(), Below::testdata));
  }
  const sys::Path top = std::filesystem::weakly_canonical(root, error);
  for (sys::Path above = place; above != top && lies_within(above, top);) {
    above = above.parent_path();
    TRY(before.add(above.native(), Below::nothing));
  }
  return before;
}

bool EntriesBefore::has_kept(const std::string& directory, bool may_gain,
                             const std::set<std::string>& besides) const {
  std::error_code error;
  if (std::filesystem::is_symlink(directory, error)) return has_kept_link(directory);
  const auto known = directories_.find(std::filesystem::canonical(directory, error).native());
  if (error || known == directories_.end()) return false;
  const auto now = list(known->first, nullptr);
  if (!now || now->inode != known->second.inode || now->mode != known->second.mode) return false;
  const auto gained = [&](const auto& one) {
    return !known->second.entries.contains(one.first) &&
           !besides.contains(known->first + "/" + one.first);
  };
  if (!may_gain && std::ranges::any_of(now->entries, gained)) return false;
  return std::ranges::all_of(known->second.entries, [&now](const auto& one) {
    const auto at = now->entries.find(one.first);
    return at != now->entries.end() && at->second == one.second;
  });
}

// The link itself: where it leads to now says nothing of where it led to.
bool EntriesBefore::has_kept_link(const sys::Path& link) const {
  std::error_code error;
  const auto known =
      directories_.find(std::filesystem::canonical(link.parent_path(), error).native());
  if (error || known == directories_.end()) return false;
  const auto was = known->second.entries.find(link.filename().native());
  const auto now = list(known->first, nullptr);
  if (!now || was == known->second.entries.end()) return false;
  const auto is = now->entries.find(was->first);
  return is != now->entries.end() && is->second == was->second;
}

std::optional<std::string> EntriesBefore::absent_part(const std::string& path,
                                                      const std::string& package) const {
  if (!path.starts_with(package + "/") || path.ends_with('/') ||
      sys::Path(path).lexically_normal() != path) {
    return std::nullopt;
  }
  std::string directory = package;
  for (const std::string_view name :
       split(std::string_view(path).substr(package.size() + 1), '/')) {
    const auto known = directories_.find(directory);
    const bool is_own = directory == package || lies_within(directory, package + "/testdata");
    if (known == directories_.end() || !is_own) return std::nullopt;
    directory += fmt::format("/{}", name);
    if (!known->second.entries.contains(std::string(name))) return directory;
  }
  return std::nullopt;
}

namespace {

UnixNanos nanoseconds(const statx_timestamp& time) {
  return unix_ns(timespec{time.tv_sec, static_cast<long>(time.tv_nsec)});
}

// When the directory was made; nothing where that is not known, or where something has been in it
// that is no directory.
std::optional<UnixNanos> birth_where_held(const sys::Path& directory, std::size_t& count) {
  struct statx info{};
  const bool is_there = ::statx(AT_FDCWD, directory.c_str(), AT_SYMLINK_NOFOLLOW,
                                STATX_TYPE | STATX_MTIME | STATX_BTIME, &info) == 0;
  if (!is_there || !S_ISDIR(info.stx_mode) || (info.stx_mask & STATX_BTIME) == 0) {
    return std::nullopt;
  }
  const auto names = list_names(directory);
  if (!names || ++count > k_entries_before_max) return std::nullopt;
  const UnixNanos birth_ns = nanoseconds(info.stx_btime);
  UnixNanos newest_ns = birth_ns;
  for (const std::string& name : *names) {
    const auto child_ns = birth_where_held(directory / name, count);
    if (!child_ns) return std::nullopt;
    newest_ns = std::max(newest_ns, *child_ns);
  }
  // A directory has its own time a moment before the one it is made in notices.
  const UnixNanos late_ns = nanoseconds(info.stx_mtime) - newest_ns;
  if (late_ns > (names->empty() ? 0 : k_made_in_ns)) return std::nullopt;
  return birth_ns;
}

}  // namespace

bool has_only_held_directories(const sys::Path& directory) {
  std::size_t count = 0;
  return birth_where_held(directory, count).has_value();
}

Bytes EntriesBefore::encode() const {
  codec::WireWriter out;
  out.text(k_magic);
  out.varint(directories_.size());
  for (const auto& [path, directory] : directories_) {
    out.text(path);
    out.u64(directory.inode);
    out.u64(directory.mode);
    out.varint(directory.entries.size());
    for (const auto& [name, entry] : directory.entries) {
      out.text(name);
      out.u64(entry.inode);
      out.u64(static_cast<std::uint64_t>(entry.changed_ns));
    }
  }
  return out.take();
}

Result<EntriesBefore> EntriesBefore::decode(ByteView bytes) {
  codec::WireReader in(bytes);
  EntriesBefore before;
  if (in.text(k_text_max) != k_magic) in.fail();
  const std::size_t directories = in.count(k_directory_bytes_min);
  for (std::size_t i = 0; i < directories && in.ok(); ++i) {
    Directory& directory = before.directories_[in.text(k_text_max)];
    directory.inode = in.u64();
    directory.mode = static_cast<std::uint32_t>(in.u64());
    const std::size_t entries = in.count(k_entry_bytes_min);
    for (std::size_t j = 0; j < entries && in.ok(); ++j) {
      Entry& entry = directory.entries[in.text(k_text_max)];
      entry.inode = in.u64();
      entry.changed_ns = static_cast<std::int64_t>(in.u64());
    }
  }
  TRY(in.finish("entries before a test"));
  return before;
}

}  // namespace sluice::gotool
