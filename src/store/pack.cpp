#include "store/pack.hpp"

#include "codec/wire.hpp"
#include "store/envelope.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::store {

namespace {

constexpr std::string_view k_begin_magic = "SLUICEPK";
constexpr std::string_view k_end_magic = "SLUICEPE";
constexpr EnvelopeKind k_index_kind{"SLUICEPI", "pack index", k_pack_index_raw_size_max};

std::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::corrupt, std::string(why));
}

Result<void> check_version(std::uint16_t version) {
  if (version == k_format_version) return {};
  if (version == 0) return corrupt("format version 0 does not exist");
  return fail(Code::unsupported,
              fmt::format("format version {} is newer than this sluice knows ({})", version,
                          k_format_version));
}

// Where the index lies, from header and trailer.
Result<ByteView> find_index(ByteView pack) {
  if (pack.size() > k_pack_size_max) return corrupt("larger than any pack");
  if (pack.size() < k_pack_header_size + k_envelope_size + k_pack_trailer_size) {
    return corrupt("no pack: shorter than header and trailer");
  }
  codec::WireReader header(pack.first(k_pack_header_size));
  if (text_of(header.raw(k_magic_size)) != k_begin_magic)
    return corrupt("no pack: it begins otherwise");
  TRY(check_version(header.u16()));
  const std::size_t trailer_at = pack.size() - k_pack_trailer_size;
  codec::WireReader trailer(pack.subspan(trailer_at));
  const std::uint64_t offset = trailer.u64();
  const std::uint64_t size = trailer.u64();
  TRY(check_version(trailer.u16()));
  trailer.raw(6);
  if (text_of(trailer.raw(k_magic_size)) != k_end_magic)
    return corrupt("no pack: it ends otherwise");
  if (offset < k_pack_header_size || offset > trailer_at || size != trailer_at - offset) {
    return corrupt("its index lies outside of it");
  }
  return pack.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

}  // namespace

void PackBuilder::add(const BlobId& id, ByteView bytes) {
  if (bytes_.empty()) {
    codec::WireWriter header;
    header.raw(bytes_of(k_begin_magic));
    header.u16(k_format_version);
    header.u16(0);
    header.u32(0);
    bytes_ = header.take();
  }
  const Bytes compressed = codec::zstd_compress(bytes, compression_);
  const bool smaller = !compressed.empty() && compressed.size() < bytes.size();
  const ByteView stored = smaller ? ByteView(compressed) : bytes;
  blobs_.push_back(
      {id, bytes.size(), bytes_.size(), stored.size(), smaller ? Encoding::zstd : Encoding::raw});
  append(bytes_, stored);
}

Bytes PackBuilder::finish() {
  codec::WireWriter index;
  index.varint(blobs_.size());
  for (const PackedBlob& blob : blobs_) index.raw(blob.blob.view());
  std::uint64_t end = k_pack_header_size;
  for (const PackedBlob& blob : blobs_) {
    index.varint(blob.size);
    index.u8(static_cast<std::uint8_t>(blob.encoding));
    index.varint(blob.offset - end);
    index.varint(blob.stored_size);
    end = blob.offset + blob.stored_size;
  }
  const Bytes sealed = seal(k_index_kind, index.bytes());
  codec::WireWriter trailer;
  trailer.u64(bytes_.size());
  trailer.u64(sealed.size());
  trailer.u16(k_format_version);
  trailer.raw(Bytes(6));
  trailer.raw(bytes_of(k_end_magic));
  append(bytes_, sealed);
  append(bytes_, trailer.bytes());
  blobs_.clear();
  return std::exchange(bytes_, {});
}

Result<std::vector<PackedBlob>> read_pack_index(ByteView pack) {
  TRY_ASSIGN(const ByteView sealed, find_index(pack));
  const std::uint64_t data_end = pack.size() - k_pack_trailer_size - sealed.size();
  TRY_ASSIGN(const Opened opened, open_envelope(k_index_kind, sealed));
  codec::WireReader reader(opened.payload);
  const std::size_t count = reader.count(k_pack_row_size_min);
  if (count > k_pack_blobs_max) return corrupt("its index has too many blobs");
  codec::WireReader ids(reader.raw(count * k_digest_size));
  std::vector<PackedBlob> blobs;
  blobs.reserve(count);
  std::uint64_t end = k_pack_header_size;
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    PackedBlob blob;
    if (const auto id = BlobId::from_bytes(ids.raw(k_digest_size))) blob.blob = *id;
    blob.size = reader.varint();
    const std::uint8_t encoding = reader.u8();
    const std::uint64_t gap = reader.varint();
    blob.stored_size = reader.varint();
    if (encoding > static_cast<std::uint8_t>(Encoding::zstd)) {
      return corrupt("a blob has an unknown encoding");
    }
    blob.encoding = static_cast<Encoding>(encoding);
    if (gap > data_end - end || blob.stored_size > data_end - end - gap) {
      return corrupt("a blob lies outside of it");
    }
    if (blob.size == 0 || blob.size > k_blob_size_max || blob.stored_size == 0 ||
        blob.stored_size > stored_size_max(blob.size, blob.encoding) ||
        (blob.encoding == Encoding::raw && blob.stored_size != blob.size)) {
      return corrupt("a blob's stored size does not fit its size");
    }
    blob.offset = end + gap;
    end = blob.offset + blob.stored_size;
    blobs.push_back(blob);
  }
  TRY(reader.finish("payload of the index"));
  return blobs;
}

Result<Bytes> read_packed_blob(ByteView pack, const PackedBlob& blob) {
  if (blob.offset > pack.size() || blob.stored_size > pack.size() - blob.offset) {
    return corrupt("a blob lies outside of it");
  }
  const ByteView stored = pack.subspan(static_cast<std::size_t>(blob.offset),
                                       static_cast<std::size_t>(blob.stored_size));
  Bytes bytes;
  if (blob.encoding == Encoding::zstd) {
    // Grown piece by piece: what a lying index announces is not allocated.
    codec::ZstdDecompressor decompressor(
        [&](ByteView piece) -> Result<void> {
          append(bytes, piece);
          return {};
        },
        blob.size);
    TRY(decompressor.write(stored));
    TRY(decompressor.finish());
  } else {
    bytes = copy_of(stored);
  }
  if (bytes.size() != blob.size || sha256_as<BlobId>(bytes) != blob.blob) {
    return corrupt(fmt::format("blob {} does not hash to its name", blob.blob.short_hex()));
  }
  return bytes;
}

}  // namespace sluice::store
