// A module's archive turned into the zip that go would have fetched: the same files, the same sum.
//
// Belongs to one thread at a time and is not moved; holds no content. The bytes of the zip are
// others than its author's: what go.sum has is the sum of the files. Code::exhausted: more than a
// zip takes; else as ModuleArchiveReader.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/zip.hpp"
#include "gotool/module_archive_reader.hpp"

#include <cstdint>
#include <functional>

namespace sluice::gotool {

class ModuleZip {
 public:
  // `begin` is told the size of the zip before the sink gets its first byte.
  using Begin = std::function<Result<void>(std::uint64_t size)>;
  ModuleZip(const ModuleVersion& module, Begin begin, codec::ByteSink sink);

  Result<void> write(ByteView archive) { return reader_.write(archive); }
  Result<void> finish();

 private:
  std::string prefix_;  // of every name
  Begin begin_;
  codec::ZipWriter writer_;
  ModuleArchiveReader reader_;
};

}  // namespace sluice::gotool
