#include "store/head.hpp"

#include "codec/wire.hpp"
#include "store/layout.hpp"
#include "store/manifest.hpp"
#include "store/scope.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {

namespace {

constexpr EnvelopeKind k_head_kind{"SLUICEHD", "head", k_head_size_max};

// What a reference takes beside its texts and its copy: id and four numbers of at most ten bytes.
constexpr std::uint64_t k_ref_overhead = k_digest_size + 50;

Result<void> check_head(const Head& head) {
  TRY(check_domain(head.domain));
  if (head.scope_name.size() > k_scope_name_size_max) {
    return fail(Code::invalid,
                fmt::format("the scope's name is longer than {} bytes", k_scope_name_size_max));
  }
  if (head.manifests.size() > k_head_manifests_max) {
    return fail(Code::invalid, fmt::format("more than {} manifests", k_head_manifests_max));
  }
  for (const ManifestRef& ref : head.manifests) {
    if (ref.inlined.size() > k_inline_manifest_max || ref.size > k_manifest_size_max ||
        ref.records > k_manifest_records_max ||
        std::max({ref.job_name.size(), ref.job_run.size(), ref.job_id.size()}) >
            k_manifest_text_size_max) {
      return fail(Code::invalid, fmt::format("manifest {} breaks a bound", ref.id.short_hex()));
    }
  }
  return {};
}

// The oldest of an earlier run of this job, if there is one.
void retire_one(Head& head, const ManifestRef& ref) {
  const auto oldest =
      std::find_if(head.manifests.rbegin(), head.manifests.rend(), [&](const ManifestRef& old) {
        return old.job_name == ref.job_name && old.job_run != ref.job_run;
      });
  if (oldest != head.manifests.rend()) head.manifests.erase(std::next(oldest).base());
}

// From the oldest on, those that do not fit.
void drop_copies(Head& head) {
  std::uint64_t size = k_envelope_size + k_scope_name_size_max + k_domain_size_max + 50;
  for (ManifestRef& each : head.manifests) {
    size += k_ref_overhead + each.job_name.size() + each.job_run.size() + each.job_id.size();
    if (size + each.inlined.size() > k_head_size_target) each.inlined = {};
    size += each.inlined.size();
  }
}

}  // namespace

Result<Bytes> encode_head(const Head& head, const SigningKey* key) {
  TRY(check_head(head));
  codec::WireWriter writer;
  writer.text(head.domain);
  writer.text(head.scope_name);
  writer.varint(head.counter);
  writer.zigzag(head.updated_ns);
  writer.varint(head.manifests.size());
  for (const ManifestRef& ref : head.manifests) {
    writer.raw(ref.id.view());
    writer.varint(ref.size);
    writer.zigzag(ref.created_ns);
    writer.varint(ref.records);
    writer.text(ref.job_name);
    writer.text(ref.job_run);
    writer.text(ref.job_id);
    writer.blob(ref.inlined);
  }
  TRY_ASSIGN(Bytes bytes, seal_signed(k_head_kind, writer.bytes(), key));
  if (bytes.size() > k_head_size_max) {
    return fail(Code::invalid, fmt::format("larger than {} bytes", k_head_size_max));
  }
  return bytes;
}

Result<Head> decode_head(ByteView bytes) {
  if (bytes.size() > k_head_size_max) {
    return fail(Code::corrupt, fmt::format("larger than {} bytes", k_head_size_max));
  }
  TRY_ASSIGN(const Opened opened, open_envelope(k_head_kind, bytes));
  codec::WireReader reader(opened.payload);
  Head head;
  head.domain = reader.text(k_domain_size_max);
  head.scope_name = reader.text(k_scope_name_size_max);
  head.counter = reader.varint();
  head.updated_ns = reader.zigzag();
  const std::size_t count = reader.count(k_digest_size + 7);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    ManifestRef ref;
    const auto id = ManifestId::from_bytes(reader.raw(k_digest_size));
    if (id) ref.id = *id;
    ref.size = reader.varint();
    ref.created_ns = reader.zigzag();
    ref.records = reader.varint();
    ref.job_name = reader.text(k_manifest_text_size_max);
    ref.job_run = reader.text(k_manifest_text_size_max);
    ref.job_id = reader.text(k_manifest_text_size_max);
    ref.inlined = copy_of(reader.blob(k_inline_manifest_max));
    head.manifests.push_back(std::move(ref));
  }
  TRY(reader.finish("payload"));
  if (auto checked = check_head(head); !checked) {
    return fail(Code::corrupt, std::move(checked).error().message);
  }
  head.signature = opened.signature;
  return head;
}

void add_to_head(Head& head, ManifestRef ref, UnixNanos now_ns) {
  const std::size_t replaced = std::erase_if(head.manifests, [&](const ManifestRef& old) {
    return old.id == ref.id || (old.job_name == ref.job_name && old.job_id == ref.job_id);
  });
  if (replaced == 0) retire_one(head, ref);
  head.manifests.insert(head.manifests.begin(), std::move(ref));
  if (head.manifests.size() > k_head_manifests_max) head.manifests.resize(k_head_manifests_max);
  drop_copies(head);
  count_write(head, now_ns);
  head.updated_ns = now_ns;
}

bool replace_in_head(Head& head, const ManifestId& old, ManifestRef ref) {
  const auto at = std::ranges::find(head.manifests, old, &ManifestRef::id);
  if (at == head.manifests.end()) return false;
  if (at->inlined.empty()) ref.inlined = {};
  ref.job_name = std::move(at->job_name);
  ref.job_run = std::move(at->job_run);
  ref.job_id = std::move(at->job_id);
  *at = std::move(ref);
  drop_copies(head);
  return true;
}

void count_write(Head& head, UnixNanos now_ns) {
  constexpr UnixNanos k_nanos_a_milli = 1'000'000;
  const auto now_ms = static_cast<std::uint64_t>(std::max<UnixNanos>(now_ns, 0) / k_nanos_a_milli);
  head.counter = std::max(head.counter + 1, now_ms);
}

}  // namespace sluice::store
