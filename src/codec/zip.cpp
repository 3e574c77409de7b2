#include "codec/zip.hpp"

#include <boost/crc.hpp>

namespace sluice::codec {

namespace {

constexpr std::uint32_t k_local_magic = 0x04034b50;
constexpr std::uint32_t k_descriptor_magic = 0x08074b50;
constexpr std::uint32_t k_central_magic = 0x02014b50;
constexpr std::uint32_t k_end_magic = 0x06054b50;
constexpr std::uint16_t k_version = 20;  // 2.0: descriptors
// The sum comes behind the content; names are UTF-8.
constexpr std::uint16_t k_flags = (1U << 3U) | (1U << 11U);
constexpr std::uint16_t k_dos_date =
    (0U << 9U) | (1U << 5U) | 1U;  // 1980-01-01, the first there is
constexpr std::uint64_t k_local_size = 30;
constexpr std::uint64_t k_descriptor_size = 16;
constexpr std::uint64_t k_central_size = 46;
constexpr std::uint64_t k_end_size = 22;
constexpr std::size_t k_name_max = 65'535;

void u16(Bytes& out, std::uint64_t value) {
  out.push_back(static_cast<std::byte>(value & 0xFFU));
  out.push_back(static_cast<std::byte>((value >> 8U) & 0xFFU));
}

void u32(Bytes& out, std::uint64_t value) {
  u16(out, value & 0xFFFFU);
  u16(out, value >> 16U);
}

void text(Bytes& out, std::string_view words) {
  const ByteView bytes = bytes_of(words);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

using Crc = boost::crc_32_type;
constexpr std::uint32_t k_crc_begin = 0xFFFFFFFFU;  // before the first byte

// The state between two pieces.
std::uint32_t crc_after(std::uint32_t state, ByteView bytes) {
  Crc crc(state);
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.get_interim_remainder();
}
std::uint32_t crc_of(std::uint32_t state) { return Crc(state).checksum(); }

}  // namespace

Result<std::uint64_t> zip_size(const std::vector<std::pair<std::string, std::uint64_t>>& files) {
  if (files.size() > k_zip_files_max) return fail(Code::exhausted, "too many files for a zip");
  std::uint64_t sum = k_end_size;
  for (const auto& [name, size] : files) {
    if (name.size() > k_name_max || size > k_zip_bytes_max) {
      return fail(Code::exhausted, "a file too large for a zip");
    }
    sum += k_local_size + k_descriptor_size + k_central_size + 2 * name.size() + size;
  }
  if (sum > k_zip_bytes_max) return fail(Code::exhausted, "too much for a zip");
  return sum;
}

Result<void> ZipWriter::begin(std::string_view name, std::uint64_t size) {
  TRY(end_file());
  if (entries_.size() == k_zip_files_max || name.size() > k_name_max ||
      position_ + size > k_zip_bytes_max) {
    return fail(Code::exhausted, "too much for a zip");
  }
  entries_.push_back({std::string(name), static_cast<std::uint32_t>(size), 0,
                      static_cast<std::uint32_t>(position_)});
  Bytes out;
  u32(out, k_local_magic);
  u16(out, k_version);
  u16(out, k_flags);
  u16(out, 0);  // stored
  u16(out, 0);  // time
  u16(out, k_dos_date);
  u32(out, 0);  // the sum: behind the content
  u32(out, size);
  u32(out, size);
  u16(out, name.size());
  u16(out, 0);  // extra
  text(out, name);
  left_ = size;
  crc_ = k_crc_begin;
  is_open_ = true;
  return send(out);
}

Result<void> ZipWriter::write(ByteView bytes) {
  if (bytes.size() > left_) return fail(Code::invalid, "more than the file's size");
  left_ -= bytes.size();
  crc_ = crc_after(crc_, bytes);
  position_ += bytes.size();
  return sink_(bytes);
}

Result<void> ZipWriter::end_file() {
  if (!is_open_) return {};
  if (left_ != 0) return fail(Code::invalid, "less than the file's size");
  is_open_ = false;
  Entry& entry = entries_.back();
  entry.crc = crc_of(crc_);
  Bytes out;
  u32(out, k_descriptor_magic);
  u32(out, entry.crc);
  u32(out, entry.size);
  u32(out, entry.size);
  return send(out);
}

Result<void> ZipWriter::finish() {
  TRY(end_file());
  const std::uint64_t begin = position_;
  for (const Entry& entry : entries_) {
    Bytes out;
    u32(out, k_central_magic);
    u16(out, k_version);
    u16(out, k_version);
    u16(out, k_flags);
    u16(out, 0);
    u16(out, 0);
    u16(out, k_dos_date);
    u32(out, entry.crc);
    u32(out, entry.size);
    u32(out, entry.size);
    u16(out, entry.name.size());
    u16(out, 0);  // extra
    u16(out, 0);  // comment
    u16(out, 0);  // disk
    u16(out, 0);  // internal attributes
    u32(out, 0);  // external ones
    u32(out, entry.offset);
    text(out, entry.name);
    TRY(send(out));
  }
  const std::uint64_t size = position_ - begin;
  Bytes out;
  u32(out, k_end_magic);
  u16(out, 0);
  u16(out, 0);
  u16(out, entries_.size());
  u16(out, entries_.size());
  u32(out, size);
  u32(out, begin);
  u16(out, 0);  // comment
  return send(out);
}

Result<void> ZipWriter::send(const Bytes& bytes) {
  position_ += bytes.size();
  return sink_(bytes);
}

}  // namespace sluice::codec
