// A module's archive unpacked, checked against go.sum, and put where go looks for it.
//
// A ModuleUnpacker writes below a directory of its own, from pieces of any size; it owns its files
// and belongs to one thread at a time. Nothing is visible to go before place_module, which any
// thread and process may call. Code::corrupt: an archive that is none, or of another tree than
// go.sum says. Messages name the module. Format: docs/formats/modules.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/go_sum.hpp"
#include "gotool/module_archive_reader.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <string>

namespace sluice::gotool {

class ModuleUnpacker {
 public:
  // `directory` does not exist, its parent does; it is left there whatever happens.
  ModuleUnpacker(SummedModule module, sys::Path directory);

  Result<void> write(ByteView bytes) { return reader_.write(bytes); }
  // After all bytes: the tree below directory() is what the sum says.
  Result<void> finish();

  const SummedModule& module() const { return module_; }
  const sys::Path& directory() const { return directory_; }
  const ModuleHeader& header() const { return reader_.header(); }

 private:
  Result<void> open_file(const ArchivedFile& file);
  Result<void> close_file(const ArchivedFile& file);

  SummedModule module_;
  sys::Path directory_;
  ModuleArchiveReader reader_;
  sys::Fd file_;
  std::string made_;  // the last directory that was made: names are in order
  Sha256 hash_;
  TreeSum sum_;
};

// What place_module found.
enum class Placed : std::uint8_t { now, there_already };
// Makes an unpacked tree the module's, under go's lock. Code::timeout: somebody held it too long.
Result<Placed> place_module(const sys::Path& module_cache, const ModuleUnpacker& unpacked,
                            Deadline deadline);

}  // namespace sluice::gotool
