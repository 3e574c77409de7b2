// A module's archive taken apart as it comes, in pieces of any size: header, then file by file.
//
// Belongs to one thread at a time and is not moved: what is done with the parts is the caller's.
// Code::corrupt, naming the module, for what is no archive of it; whatever a part refuses goes on
// as it is. Format: docs/formats/modules.md.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "gotool/module_archive.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace sluice::gotool {

class ModuleArchiveReader {
 public:
  struct Parts {
    std::function<Result<void>(const ModuleHeader&)> header;
    std::function<Result<void>(const ArchivedFile&)> begin_file;
    std::function<Result<void>(ByteView)> bytes;  // never called for an empty file
    std::function<Result<void>(const ArchivedFile&)> end_file;
  };

  ModuleArchiveReader(ModuleVersion module, Parts parts);
  ModuleArchiveReader(const ModuleArchiveReader&) = delete;
  ModuleArchiveReader& operator=(const ModuleArchiveReader&) = delete;

  Result<void> write(ByteView bytes);
  // After all bytes: every file has ended.
  Result<void> finish() const;

  const ModuleHeader& header() const { return header_; }
  std::unexpected<Error> refuse(std::string_view why) const;

 private:
  Result<void> take_header(ByteView& bytes);
  Result<void> begin_next();

  ModuleVersion module_;
  Parts parts_;
  Bytes buffer_;              // until the header is whole
  std::uint64_t wanted_ = 4;  // bytes of buffer_: the size, then with the header
  bool has_header_ = false;
  ModuleHeader header_;
  std::size_t at_ = 0;      // the file whose bytes come
  std::uint64_t left_ = 0;  // of its bytes
};

}  // namespace sluice::gotool
