#include "gotool/content_times.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <fmt/format.h>

#include <cstring>
#include <optional>

namespace sluice::gotool {
namespace {

constexpr UnixNanos k_second_ns = 1'000'000'000;
constexpr UnixNanos k_first_ns = UnixNanos{315'532'800} * k_second_ns;   // 1980: what zip can write
constexpr UnixNanos k_last_ns = UnixNanos{1'700'000'000} * k_second_ns;  // 2023: the past, for all

UnixNanos time_of(std::string_view text) {
  const auto digest = sha256(bytes_of(text));
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return k_first_ns +
         static_cast<UnixNanos>(number % static_cast<std::uint64_t>(k_last_ns - k_first_ns));
}

bool is_gits(std::string_view path) {
  for (const std::string_view part : split(path, '/')) {
    if (part == ".git") return true;
  }
  return false;
}

// "100644 <object> 0\tpath"
std::optional<TrackedFile> parse_entry(std::string_view entry) {
  const auto tab = entry.find('\t');
  if (tab == std::string_view::npos) return std::nullopt;
  const auto fields = split(entry.substr(0, tab), ' ');
  if (fields.size() != 3 || fields[2] != "0") return std::nullopt;
  const bool is_link = fields[0] == "120000";
  if (!is_link && !fields[0].starts_with("100")) return std::nullopt;
  TrackedFile file{std::string(entry.substr(tab + 1)), std::string(fields[1]), is_link};
  if (file.path.empty() || file.path.starts_with('/') || is_gits(file.path)) return std::nullopt;
  return file;
}

std::string parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::vector<TrackedFile> parse_tracked(std::string_view listing) {
  std::vector<TrackedFile> files;
  for (const std::string_view entry : split(listing, '\0')) {
    if (auto file = parse_entry(entry)) files.push_back(std::move(*file));
  }
  return files;
}

std::vector<std::string> parse_names(std::string_view listing) {
  std::vector<std::string> names;
  for (const std::string_view name : split(listing, '\0')) {
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

UnixNanos content_time(std::string_view object) {
  return time_of(fmt::format("sluice mtime 1 file {}", object));
}

std::map<std::string, UnixNanos> directory_times(const std::vector<TrackedFile>& files,
                                                 const std::vector<std::string>& untracked) {
  std::map<std::string, std::map<std::string, char>> entries;  // directory -> name -> type
  for (const TrackedFile& file : files) {
    std::string directory = parent_of(file.path);
    entries[directory].emplace(name_in(file.path), file.is_link ? 'l' : 'f');
    while (!directory.empty()) {
      std::string above = parent_of(directory);
      entries[above].emplace(name_in(directory), 'd');
      directory = std::move(above);
    }
  }
  for (std::string_view path : untracked) {
    if (path.ends_with('/')) path.remove_suffix(1);
    entries.erase(parent_of(path));
  }
  std::map<std::string, UnixNanos> times;
  for (const auto& [directory, names] : entries) {
    std::string text = "sluice mtime 1 directory\n";
    for (const auto& [name, type] : names)
      text += fmt::format("{} {}:{}\n", type, name.size(), name);
    times[directory] = time_of(text);
  }
  return times;
}

}  // namespace sluice::gotool
