// Which files of the local tier were hashed and are what their names say: so that it is done once.
//
// Read whole, changed in memory, written whole by rename: one object, one thread; of several
// processes the last one's file stays, and what is not in it is hashed again. A file that cannot be
// read is an empty one. Format: docs/formats/link-cache.md, "Verified files".
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/link_key.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <unordered_map>

namespace sluice::gotool {

inline constexpr std::size_t k_verified_files_max = 65'536;

class VerifiedFiles {
 public:
  explicit VerifiedFiles(sys::Path file);

  // Code::corrupt when the file has other bytes than its name says. A file that was verified before
  // and has the same inode, size and time of change since is not read.
  Result<void> check(const TrustedFile& file);
  // Writes what is new; nothing to write is no error.
  Result<void> save();

 private:
  struct Seen {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Seen&) const = default;
  };
  void load(ByteView bytes);

  sys::Path file_;
  std::unordered_map<BlobId, Seen> seen_;
  bool changed_ = false;
};

}  // namespace sluice::gotool
