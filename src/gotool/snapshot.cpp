#include "gotool/snapshot.hpp"

#include "gotool/go_stat.hpp"

#include <algorithm>
#include <cerrno>
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

bool Snapshot::changed_since(UnixNanos time_ns) const {
  const auto is_late = [time_ns](const struct stat& info) {
    return !S_ISDIR(info.st_mode) && info.st_ino != 0 && unix_ns(info.st_ctim) >= time_ns;
  };
  return std::ranges::any_of(looks_,
                             [&](const auto& one) {
                               return is_late(one.second.link) || is_late(one.second.info);
                             }) ||
         std::ranges::any_of(listings_, [&](const auto& one) {
           return std::ranges::any_of(one.second.entries,
                                      [&](const auto& entry) { return is_late(entry.info); });
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
