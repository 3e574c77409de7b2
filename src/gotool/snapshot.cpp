#include "gotool/snapshot.hpp"

#include "gotool/go_stat.hpp"
#include "gotool/same_path.hpp"
#include "gotool/ways.hpp"
#include "sys/file.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

namespace sluice::gotool {
namespace {

bool same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_mode == b.st_mode &&
         a.st_size == b.st_size && unix_ns(a.st_mtim) == unix_ns(b.st_mtim) &&
         unix_ns(a.st_ctim) == unix_ns(b.st_ctim);
}

Look look_at(const std::string& path) {
  Look look;
  if (::lstat(path.c_str(), &look.link) != 0) {
    look.link_error = errno;
    look.link = {};
  }
  if (!look.is_link()) {
    look.error = look.link_error;
    look.info = look.link;
  } else if (::stat(path.c_str(), &look.info) != 0) {
    look.error = errno;
    look.info = {};
  }
  return look;
}

bool same(const Look& a, const Look& b) {
  return a.link_error == b.link_error && a.error == b.error && same(a.link, b.link) &&
         same(a.info, b.info);
}

Listing::Entry entry_at(const std::string& directory, std::string name) {
  Listing::Entry entry;
  const std::string path = directory + "/" + name;
  entry.name = std::move(name);
  if (::lstat(path.c_str(), &entry.info) != 0) {
    entry.error = errno;
    entry.info = {};
  }
  return entry;
}

Listing list_at(const std::string& path) {
  Listing listing;
  auto names = list_names(path);
  listing.readable = names.has_value();
  if (!names) return listing;
  for (std::string& name : *names) listing.entries.push_back(entry_at(path, std::move(name)));
  return listing;
}

bool same(const Listing& a, const Listing& b) {
  return a.readable == b.readable &&
         std::ranges::equal(a.entries, b.entries, [](const auto& x, const auto& y) {
           return x.name == y.name && x.error == y.error && same(x.info, y.info);
         });
}

}  // namespace

std::vector<std::string> Snapshot::ways_changed_since(UnixNanos time_ns,
                                                      const std::vector<std::string>& busy) const {
  Ways ways;
  for (const auto& [path, look] : looks_) ways.follow(path);
  for (const auto& [path, listing] : listings_) ways.follow(path);
  std::vector<std::string> changed;
  for (const std::string& way : ways.met()) {
    struct stat info{};
    if (::lstat(way.c_str(), &info) != 0 || unix_ns(info.st_ctim) < time_ns) continue;
    const bool is_busy = std::ranges::any_of(
        busy, [&way](const std::string& path) { return lies_within(path, way); });
    const bool is_told = !S_ISDIR(info.st_mode) || !is_busy || unix_ns(info.st_mtim) < time_ns;
    if (is_told) changed.push_back(way);
  }
  return changed;
}

bool Snapshot::any_of(const std::function<bool(const struct stat&)>& is_so) const {
  return std::ranges::any_of(
             looks_,
             [&](const auto& one) { return is_so(one.second.link) || is_so(one.second.info); }) ||
         std::ranges::any_of(listings_, [&](const auto& one) {
           return std::ranges::any_of(one.second.entries,
                                      [&](const auto& entry) { return is_so(entry.info); });
         });
}

std::set<std::string> Snapshot::directories_of(
    const std::function<bool(const struct stat&)>& is_so) const {
  std::set<std::string> found;
  const auto look = [&found, &is_so](const std::string& path, const struct stat& info) {
    if (S_ISDIR(info.st_mode) && is_so(info)) found.insert(path);
  };
  for (const auto& [path, one] : looks_) look(path, one.info);
  for (const auto& [path, listing] : listings_) {
    for (const auto& entry : listing.entries) look(path + "/" + entry.name, entry.info);
  }
  return found;
}

std::set<std::string> Snapshot::directories() const {
  return directories_of([](const struct stat&) { return true; });
}

std::set<std::string> Snapshot::directories_changed_since(UnixNanos time_ns) const {
  return directories_of(
      [time_ns](const struct stat& info) { return unix_ns(info.st_ctim) >= time_ns; });
}

bool Snapshot::files_changed_since(UnixNanos time_ns) const {
  return any_of([time_ns](const struct stat& info) {
    return !S_ISDIR(info.st_mode) && info.st_ino != 0 && unix_ns(info.st_ctim) >= time_ns;
  });
}

const Look& Snapshot::look(const std::string& path) {
  const auto [at, is_new] = looks_.try_emplace(path);
  if (is_new) at->second = look_at(path);
  return at->second;
}

const Listing& Snapshot::list(const std::string& path) {
  const auto [at, is_new] = listings_.try_emplace(path);
  if (is_new) at->second = list_at(path);
  return at->second;
}

bool Snapshot::still_holds() const {
  return std::ranges::all_of(
             looks_, [](const auto& one) { return same(one.second, look_at(one.first)); }) &&
         std::ranges::all_of(listings_,
                             [](const auto& one) { return same(one.second, list_at(one.first)); });
}

}  // namespace sluice::gotool
