// What lay in a package's directory, and in those it lies in, before its test ran. With it a
// directory that was changed meanwhile can be known to be the same one and to have lost nothing.
//
// Reads the file system, changes nothing. Values; any thread. decode takes bytes of this machine
// and user only; whatever is not this format is Code::corrupt. docs/formats/test-results.md.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sluice::gotool {

inline constexpr std::size_t k_entries_before_max = 20'000;

class EntriesBefore {
 public:
  // The directory with all that lies below it, and those above it as far as `root`. Where that is
  // more than k_entries_before_max entries, of what lies below only what is in one called testdata;
  // Code::exhausted where that is too much as well.
  static Result<EntriesBefore> of_package(const sys::Path& directory, const sys::Path& root);

  // Whether this directory is known here, by whatever way, still the same one, and has everything
  // that it had, all of it unchanged; and nothing else, unless it `may_gain`. Of a link: whether it
  // is the very one that was there. A directory in it is
  // unchanged where nothing came into it or left it and nobody renamed it: its own content is
  // another question.
  // Entries whose whole path is in `besides` are not counted as gained.
  bool has_kept(const std::string& directory, bool may_gain,
                const std::set<std::string>& besides = {}) const;
  // The first part of a path in the package's directory, or in its testdata, that was not there, as
  // a path: known where the directory that would hold it is known. Other directories below it are
  // those of other packages, whose tests make things too. By the path's words: one with "." or ".."
  // or a link on the way is not known.
  std::optional<std::string> absent_part(const std::string& path, const std::string& package) const;

  Bytes encode() const;
  static Result<EntriesBefore> decode(ByteView bytes);

 private:
  struct Entry {
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Entry&) const = default;
  };
  struct Directory {
    std::uint64_t inode = 0;
    std::uint32_t mode = 0;
    std::map<std::string, Entry> entries;
  };
  static Result<Directory> list(const std::string& directory, std::vector<std::string>* below);
  bool has_kept_link(const sys::Path& link) const;
  enum class Below { nothing, testdata, everything };
  Result<void> add(const std::string& directory, Below below);

  std::map<std::string, Directory> directories_;
  std::size_t count_ = 0;
};

// Whether all that lies below a directory are directories, and nothing else has come into one of
// them and left it, as far as times tell: each is no younger than what was made in it last. False
// where it cannot be told (file systems that keep no time of birth), or has more than
// k_entries_before_max of them.
bool has_only_held_directories(const sys::Path& directory);

}  // namespace sluice::gotool
