#include "gotool/module_zip.hpp"

#include <string>
#include <utility>
#include <vector>

namespace sluice::gotool {

ModuleZip::ModuleZip(const ModuleVersion& module, Begin begin, codec::ByteSink sink)
    : prefix_(module.text() + "/"),
      begin_(std::move(begin)),
      writer_(std::move(sink)),
      reader_(module, {[this](const ModuleHeader& header) -> Result<void> {
                         std::vector<std::pair<std::string, std::uint64_t>> files;
                         files.reserve(header.files.size());
                         for (const ArchivedFile& file : header.files) {
                           files.emplace_back(prefix_ + file.name, file.size);
                         }
                         auto size = codec::zip_size(files);
                         if (!size) return std::unexpected(std::move(size).error().in(prefix_));
                         return begin_(*size);
                       },
                       [this](const ArchivedFile& file) {
                         return writer_.begin(prefix_ + file.name, file.size);
                       },
                       [this](ByteView bytes) { return writer_.write(bytes); },
                       [](const ArchivedFile&) { return Result<void>(); }}) {}

Result<void> ModuleZip::finish() {
  TRY(reader_.finish());
  return writer_.finish();
}

}  // namespace sluice::gotool
