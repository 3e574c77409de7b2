#include "store/envelope.hpp"

#include "base/digest.hpp"
#include "codec/wire.hpp"
#include "codec/zstd.hpp"
#include "store/keyring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::store {

namespace {

// Metadata is small and read far more often than written.
constexpr int k_metadata_level = 3;
constexpr std::uint16_t k_flag_zstd = 1;
constexpr std::size_t k_checked_prefix = 32;  // magic to sizes: under the checksum
constexpr std::size_t k_key_id_at = k_checked_prefix + k_digest_size;
constexpr std::size_t k_signature_at = k_key_id_at + k_key_id_size;
constexpr std::string_view k_signed_words = "sluice envelope 1";

std::array<std::byte, k_digest_size> checksum(ByteView prefix, ByteView key_id, ByteView payload) {
  Sha256 hash;
  hash.update(prefix);
  hash.update(key_id);
  hash.update(payload);
  return hash.finish();
}

std::unexpected<Error> corrupt(std::string why) { return fail(Code::corrupt, std::move(why)); }

struct Header {
  std::uint16_t flags = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t raw_size = 0;
};

Result<Header> read_header(const EnvelopeKind& kind, ByteView bytes) {
  if (bytes.size() < k_envelope_size)
    return corrupt(fmt::format("no {}: shorter than a header", kind.what));
  codec::WireReader reader(bytes.first(k_checked_prefix));
  if (text_of(reader.raw(k_magic_size)) != kind.magic)
    return corrupt(fmt::format("no {}: it begins otherwise", kind.what));
  const std::uint16_t version = reader.u16();
  if (version > k_format_version) {
    return fail(Code::unsupported,
                fmt::format("format version {} is newer than this sluice knows ({})", version,
                            k_format_version));
  }
  if (version == 0) return corrupt("format version 0 does not exist");
  Header header;
  header.flags = reader.u16();
  if ((header.flags & ~k_flag_zstd) != 0) {
    return fail(Code::unsupported,
                fmt::format("has flags {:#x}, which this sluice does not know", header.flags));
  }
  if (reader.u32() != 0) return corrupt("reserved bytes are not zero");
  header.stored_size = reader.u64();
  header.raw_size = reader.u64();
  return header;
}

Result<void> check_sizes(const EnvelopeKind& kind, const Header& header, std::uint64_t size) {
  if (header.stored_size != size - k_envelope_size) {
    return corrupt(fmt::format("says {} bytes of payload and has {}", header.stored_size,
                               size - k_envelope_size));
  }
  if (header.raw_size > kind.raw_size_max) {
    return corrupt(fmt::format("says it decodes to {} bytes, more than the {} allowed",
                               header.raw_size, kind.raw_size_max));
  }
  const bool compressed = (header.flags & k_flag_zstd) != 0;
  if (compressed ? header.raw_size / k_payload_ratio_max > header.stored_size
                 : header.raw_size != header.stored_size) {
    return corrupt("its two sizes do not fit together");
  }
  return {};
}

// With room for the signature, which the checksum does not cover.
Bytes sealed(const EnvelopeKind& kind, ByteView payload, const KeyId& signer) {
  const Bytes compressed = codec::zstd_compress(payload, {.level = k_metadata_level});
  const bool smaller = !compressed.empty() && compressed.size() < payload.size() &&
                       payload.size() / k_payload_ratio_max <= compressed.size();
  const ByteView stored = smaller ? ByteView(compressed) : payload;
  codec::WireWriter writer;
  writer.raw(bytes_of(kind.magic));
  writer.u16(k_format_version);
  writer.u16(smaller ? k_flag_zstd : 0);
  writer.u32(0);
  writer.u64(stored.size());
  writer.u64(payload.size());
  writer.raw(checksum(writer.bytes(), signer, stored));
  writer.raw(signer);
  writer.raw(Ed25519Signature{});
  writer.raw(stored);
  return writer.take();
}

}  // namespace

Bytes seal(const EnvelopeKind& kind, ByteView payload) { return sealed(kind, payload, {}); }

Result<Bytes> seal_signed(const EnvelopeKind& kind, ByteView payload, const SigningKey* key) {
  if (key == nullptr) return seal(kind, payload);
  Bytes bytes = sealed(kind, payload, key_id_of(key->public_key()));
  TRY_ASSIGN(const Ed25519Signature signature, key->sign(signed_text(bytes)));
  std::ranges::copy(signature, bytes.begin() + k_signature_at);
  return bytes;
}

Signature signature_in(ByteView envelope) {
  Signature signature;
  std::ranges::copy(envelope.subspan(k_key_id_at, k_key_id_size), signature.key_id.begin());
  std::ranges::copy(envelope.subspan(k_signature_at, k_signature_size),
                    signature.signature.begin());
  return signature;
}

Bytes signed_text(ByteView envelope) {
  Bytes text(k_signed_words.size() + k_digest_size);
  std::ranges::copy(bytes_of(k_signed_words), text.begin());
  std::ranges::copy(envelope.subspan(k_checked_prefix, k_digest_size),
                    text.begin() + static_cast<std::ptrdiff_t>(k_signed_words.size()));
  return text;
}

Result<Opened> open_envelope(const EnvelopeKind& kind, ByteView bytes) {
  TRY_ASSIGN(const Header header, read_header(kind, bytes));
  TRY(check_sizes(kind, header, bytes.size()));
  codec::WireReader reader(bytes.subspan(k_checked_prefix));
  const ByteView announced = reader.raw(k_digest_size);
  const ByteView key_id = reader.raw(k_key_id_size);
  reader.raw(k_signature_size);
  const ByteView stored = reader.rest();
  if (!std::ranges::equal(announced, checksum(bytes.first(k_checked_prefix), key_id, stored))) {
    return corrupt("its checksum does not match: damaged");
  }
  Opened opened;
  opened.signature = signature_in(bytes);
  if ((header.flags & k_flag_zstd) == 0) {
    opened.payload = copy_of(stored);
    return opened;
  }
  TRY_ASSIGN(opened.payload, codec::zstd_decompress(stored, header.raw_size));
  return opened;
}

}  // namespace sluice::store
