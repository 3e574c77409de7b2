#include "store/manifest.hpp"

#include "store/entry_coding.hpp"
#include "store/layout.hpp"

#include <fmt/format.h>

namespace sluice::store {

namespace {

constexpr EnvelopeKind k_manifest_kind{"SLUICEMF", "manifest", k_manifest_raw_size_max};

Result<void> check_info(const ManifestInfo& info) {
  TRY(check_domain(info.domain));
  for (const std::string* text : {&info.job_name, &info.job_run, &info.job_id, &info.go_version,
                                  &info.platform, &info.producer}) {
    if (text->size() > k_manifest_text_size_max) {
      return fail(Code::invalid, fmt::format("a text of the manifest is longer than {} bytes",
                                             k_manifest_text_size_max));
    }
  }
  return {};
}

}  // namespace

Result<Bytes> encode_manifest(const Manifest& manifest, const SigningKey* key) {
  const ManifestInfo& info = manifest.info;
  TRY(check_info(info));
  codec::WireWriter writer;
  writer.text(info.domain);
  writer.text(info.job_name);
  writer.text(info.job_run);
  writer.text(info.job_id);
  writer.text(info.go_version);
  writer.text(info.platform);
  writer.text(info.producer);
  writer.zigzag(info.created_ns);
  std::vector<const Entry*> entries;
  entries.reserve(manifest.entries.size());
  for (const Entry& entry : manifest.entries) entries.push_back(&entry);
  TRY(encode_entries(writer, entries));
  if (writer.size() > k_manifest_raw_size_max) {
    return fail(Code::invalid,
                fmt::format("the manifest is larger than {} bytes", k_manifest_raw_size_max));
  }
  return seal_signed(k_manifest_kind, writer.bytes(), key);
}

Result<Manifest> decode_manifest(ByteView bytes, std::size_t records_max) {
  TRY_ASSIGN(const Opened opened, open_envelope(k_manifest_kind, bytes));
  codec::WireReader reader(opened.payload);
  Manifest manifest;
  ManifestInfo& info = manifest.info;
  info.domain = reader.text(k_domain_size_max);
  info.job_name = reader.text(k_manifest_text_size_max);
  info.job_run = reader.text(k_manifest_text_size_max);
  info.job_id = reader.text(k_manifest_text_size_max);
  info.go_version = reader.text(k_manifest_text_size_max);
  info.platform = reader.text(k_manifest_text_size_max);
  info.producer = reader.text(k_manifest_text_size_max);
  info.created_ns = reader.zigzag();
  if (!is_domain(info.domain)) return fail(Code::corrupt, "it names no trust domain");
  TRY_ASSIGN(manifest.entries, decode_entries(reader, records_max));
  TRY(reader.finish("payload"));
  manifest.signature = opened.signature;
  return manifest;
}

}  // namespace sluice::store
