// What stood at some paths at one moment: each is looked at once, however often it is named.
//
// Reads the file system, changes nothing. One thread at a time. A path that cannot be looked at is
// a Look with errno's value, no error. still_holds() looks at everything again: what changed since,
// be it content, attributes or the set of names, has another time of change, which nobody can set.
#pragma once

#include "base/deadline.hpp"

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::gotool {

// One path, without and with following its last symbolic link; equal where it is none.
struct Look {
  int link_error = 0;  // errno of lstat, then `link` is empty
  struct stat link{};
  int error = 0;  // errno of stat, then `info` is empty
  struct stat info{};

  bool is_link() const { return link_error == 0 && S_ISLNK(link.st_mode); }
};

struct Listing {
  struct Entry {
    std::string name;
    int error = 0;
    struct stat info{};  // of lstat
  };
  bool readable = true;
  std::vector<Entry> entries;  // in byte order
};

class Snapshot {
 public:
  const Look& look(const std::string& path);
  // Of a directory.
  const Listing& list(const std::string& path);
  bool still_holds() const;
  // Whether a file was changed at that time or later, or came into one of the directories.
  bool files_changed_since(UnixNanos time_ns) const;
  // All that were looked at or listed, by path.
  std::set<std::string> directories() const;
  // Directories that something came into, or left.
  std::set<std::string> directories_changed_since(UnixNanos time_ns) const;
  // What leads to one of the paths and may have been another directory or link before: links and
  // directories on the way that were changed at that time or later. Those that `busy` paths lie
  // in, and these themselves, change whenever a test makes a file there: of them only what has been
  // renamed counts, which leaves the time of their content.
  std::vector<std::string> ways_changed_since(UnixNanos time_ns,
                                              const std::vector<std::string>& busy) const;

 private:
  bool any_of(const std::function<bool(const struct stat&)>& is_so) const;
  std::set<std::string> directories_of(const std::function<bool(const struct stat&)>& is_so) const;

  std::unordered_map<std::string, Look> looks_;
  std::unordered_map<std::string, Listing> listings_;
};

}  // namespace sluice::gotool
