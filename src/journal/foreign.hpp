// A journal that came from another machine: copied, looked through and brought to our version.
//
// What it names is a file of the user, so everything that is wrong with it is Code::invalid, in one
// line with its name; other errors are of the copy. The file itself is only read, without a lock.
// Owns the copy, which vanishes with it; one thread at a time.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <cstdint>

namespace sluice::journal {

inline constexpr std::uint64_t k_foreign_bytes_max = std::uint64_t{1} << 30U;

class ForeignJournal {
 public:
  // A journal.db, or a directory that has one.
  static Result<ForeignJournal> take(const sys::Path& file);

  sys::Path database() const;  // for Database::merge
  std::int64_t commands() const { return commands_; }

 private:
  ForeignJournal(sys::TempDirectory directory, std::int64_t commands)
      : directory_(std::move(directory)), commands_(commands) {}

  sys::TempDirectory directory_;
  std::int64_t commands_ = 0;
};

}  // namespace sluice::journal
