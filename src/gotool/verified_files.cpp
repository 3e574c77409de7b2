#include "gotool/verified_files.hpp"

#include "codec/wire.hpp"
#include "gotool/tool_memo.hpp"

#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_magic = "sluice verified 1\n";
constexpr std::size_t k_record_size = k_digest_size + 3 * sizeof(std::uint64_t);

}  // namespace

VerifiedFiles::VerifiedFiles(sys::Path file) : file_(std::move(file)) {
  const auto bytes = sys::read_file(file_, k_magic.size() + k_verified_files_max * k_record_size);
  if (bytes && *bytes) load(**bytes);
}

void VerifiedFiles::load(ByteView bytes) {
  if (!text_of(bytes).starts_with(k_magic)) return;
  codec::WireReader reader(bytes.subspan(k_magic.size()));
  const std::size_t count = (bytes.size() - k_magic.size()) / k_record_size;
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    const auto digest = BlobId::from_bytes(reader.raw(k_digest_size));
    Seen seen;
    seen.inode = reader.u64();
    seen.size = reader.u64();
    seen.changed_ns = static_cast<std::int64_t>(reader.u64());
    if (digest && reader.ok()) seen_[*digest] = seen;
  }
}

Result<void> VerifiedFiles::check(const TrustedFile& file) {
  TRY_ASSIGN(const auto info, sys::stat_file(file.path));
  if (!info) return fail(Code::not_found, "link: " + file.path.native() + ": gone");
  const Seen now{info->inode, info->size, info->changed_ns};
  const auto known = seen_.find(file.digest);
  if (known != seen_.end() && known->second == now) return {};
  TRY_ASSIGN(const BlobId digest, digest_of_file(file.path));
  if (digest != file.digest) {
    return fail(Code::corrupt, "link: a file of the local tier was damaged: " + file.path.native());
  }
  if (seen_.size() >= k_verified_files_max) seen_.clear();
  seen_[file.digest] = now;
  changed_ = true;
  return {};
}

Result<void> VerifiedFiles::save() {
  if (!changed_) return {};
  codec::WireWriter writer;
  for (const auto& [digest, seen] : seen_) {
    writer.raw(digest.view());
    writer.u64(seen.inode);
    writer.u64(seen.size);
    writer.u64(static_cast<std::uint64_t>(seen.changed_ns));
  }
  Bytes bytes = copy_of(bytes_of(k_magic));
  append(bytes, writer.take());
  TRY(sys::make_directories(file_.parent_path(), 0700));
  TRY(sys::write_file_atomic(file_, bytes, 0600));
  changed_ = false;
  return {};
}

}  // namespace sluice::gotool
