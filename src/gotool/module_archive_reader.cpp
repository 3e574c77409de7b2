#include "gotool/module_archive_reader.hpp"

#include "codec/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_size_bytes = sizeof(std::uint32_t);

}  // namespace

ModuleArchiveReader::ModuleArchiveReader(ModuleVersion module, Parts parts)
    : module_(std::move(module)), parts_(std::move(parts)) {}

std::unexpected<Error> ModuleArchiveReader::refuse(std::string_view why) const {
  return fail(Code::corrupt, fmt::format("module {}: {}", module_.text(), why));
}

Result<void> ModuleArchiveReader::take_header(ByteView& bytes) {
  while (!has_header_ && !bytes.empty()) {
    const auto count = std::min<std::uint64_t>(wanted_ - buffer_.size(), bytes.size());
    buffer_.insert(buffer_.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (buffer_.size() < wanted_) return {};
    if (wanted_ == k_size_bytes) {
      wanted_ += codec::WireReader(buffer_).u32();
      if (wanted_ > k_module_header_bytes_max) return refuse("its header is too large");
      if (wanted_ > k_size_bytes) continue;
    }
    auto header = decode_module_header(ByteView(buffer_).subspan(k_size_bytes));
    if (!header) return refuse(header.error().message);
    if (header->module != module_) return refuse("the archive is of another one");
    header_ = std::move(*header);
    has_header_ = true;
    buffer_ = {};
    TRY(parts_.header(header_));
    TRY(begin_next());
  }
  return {};
}

// The next file that has bytes to come, and all empty ones before it.
Result<void> ModuleArchiveReader::begin_next() {
  for (; at_ < header_.files.size(); ++at_) {
    const ArchivedFile& file = header_.files[at_];
    TRY(parts_.begin_file(file));
    left_ = file.size;
    if (left_ != 0) return {};
    TRY(parts_.end_file(file));
  }
  return {};
}

Result<void> ModuleArchiveReader::write(ByteView bytes) {
  TRY(take_header(bytes));
  while (!bytes.empty()) {
    if (at_ == header_.files.size()) return refuse("bytes behind its last file");
    const ByteView part = bytes.first(std::min<std::uint64_t>(left_, bytes.size()));
    TRY(parts_.bytes(part));
    bytes = bytes.subspan(part.size());
    left_ -= part.size();
    if (left_ != 0) return {};
    TRY(parts_.end_file(header_.files[at_]));
    ++at_;
    TRY(begin_next());
  }
  return {};
}

Result<void> ModuleArchiveReader::finish() const {
  if (!has_header_ || at_ != header_.files.size()) return refuse("the archive is cut");
  return {};
}

}  // namespace sluice::gotool
