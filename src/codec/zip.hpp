// A zip archive written front to back, its files stored without compression.
//
// A ZipWriter belongs to one thread; it holds one entry of the directory for each file and no
// content. Only what every reader knows: no zip64, so at most 65535 files and 4 GiB in all
// (Code::exhausted). Source: PKWARE APPNOTE.TXT 6.3.3. The bytes depend on names and content only.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::codec {

inline constexpr std::size_t k_zip_files_max = 65'535;
inline constexpr std::uint64_t k_zip_bytes_max = 0xFFFFFFFFU;

// Of the whole archive, from names and sizes of its files. Code::exhausted: no such archive.
Result<std::uint64_t> zip_size(const std::vector<std::pair<std::string, std::uint64_t>>& files);

class ZipWriter {
 public:
  explicit ZipWriter(ByteSink sink) : sink_(std::move(sink)) {}

  // The next file, after all bytes of the one before.
  Result<void> begin(std::string_view name, std::uint64_t size);
  Result<void> write(ByteView bytes);
  // After the last file.
  Result<void> finish();

 private:
  struct Entry {
    std::string name;
    std::uint32_t size = 0;
    std::uint32_t crc = 0;
    std::uint32_t offset = 0;
  };
  Result<void> end_file();
  Result<void> send(const Bytes& bytes);

  ByteSink sink_;
  std::vector<Entry> entries_;
  std::uint64_t left_ = 0;
  std::uint64_t position_ = 0;
  std::uint32_t crc_ = 0;
  bool is_open_ = false;
};

}  // namespace sluice::codec
