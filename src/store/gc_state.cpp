#include "store/gc_state.hpp"

#include "codec/wire.hpp"
#include "store/envelope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace sluice::store {

namespace {

constexpr EnvelopeKind k_state_kind{"SLUICEGS", "state of a collector", k_gc_state_size_max};
constexpr EnvelopeKind k_list_kind{"SLUICEGL", "list of candidates", k_gc_list_size_max};
constexpr std::size_t k_name_size = 1 + k_digest_size;

void write_name(codec::WireWriter& writer, const ObjectName& name) {
  writer.u8(static_cast<std::uint8_t>(name.kind));
  writer.raw(name.id);
}

// A failed reader gives nothing: the caller checks it at the end.
ObjectName name_from(std::uint8_t kind, ByteView id, bool& is_known) {
  ObjectName name;
  is_known = is_known && kind <= k_object_kind_last;
  if (is_known) name.kind = static_cast<ObjectKind>(kind);
  if (const auto bytes = BlobId::from_bytes(id)) name.id = bytes->bytes;
  return name;
}

ObjectName read_name(codec::WireReader& reader, bool& is_known) {
  const std::uint8_t kind = reader.u8();
  return name_from(kind, reader.raw(k_digest_size), is_known);
}

Result<void> check_state(const GcState& state) {
  TRY(check_domain(state.domain));
  if (state.holder.size() > k_gc_holder_size_max || state.batches.size() > k_gc_batches_max ||
      state.candidates_size > k_gc_list_size_max) {
    return fail(Code::invalid, "it breaks a bound");
  }
  for (const GcBatch& batch : state.batches) {
    if (batch.names.size() > k_gc_batch_max || !std::ranges::is_sorted(batch.names)) {
      return fail(Code::invalid, "a batch breaks a bound");
    }
  }
  return {};
}

Result<void> corrupt_unless(Result<void> checked) {
  if (checked) return checked;
  return fail(Code::corrupt, std::move(checked).error().message);
}

Result<void> check_candidates(const GcCandidates& candidates) {
  TRY(check_domain(candidates.domain));
  if (candidates.all.size() > k_gc_candidates_max) {
    return fail(Code::invalid, fmt::format("more than {} candidates", k_gc_candidates_max));
  }
  const auto in_order = [](const GcCandidate& a, const GcCandidate& b) { return a.name < b.name; };
  if (std::ranges::adjacent_find(candidates.all, std::not_fn(in_order)) != candidates.all.end()) {
    return fail(Code::invalid, "the candidates are not in order");
  }
  return {};
}

}  // namespace

Result<Bytes> encode_gc_state(const GcState& state) {
  TRY(check_state(state));
  codec::WireWriter writer;
  writer.text(state.domain);
  writer.varint(state.counter);
  writer.text(state.holder);
  writer.zigzag(state.lease_until_ns);
  writer.zigzag(state.marked_ns);
  writer.raw(state.candidates.value_or(GcListId()).view());
  writer.varint(state.candidates_size);
  writer.zigzag(state.doomed_before_ns);
  writer.u8(state.swept_below ? 1 : 0);
  if (state.swept_below) write_name(writer, *state.swept_below);
  writer.varint(state.batches.size());
  for (const GcBatch& batch : state.batches) {
    writer.zigzag(batch.begun_ns);
    writer.varint(batch.names.size());
    for (const ObjectName& name : batch.names) write_name(writer, name);
  }
  return seal(k_state_kind, writer.bytes());
}

Result<GcState> decode_gc_state(ByteView bytes) {
  TRY_ASSIGN(const Opened opened, open_envelope(k_state_kind, bytes));
  codec::WireReader reader(opened.payload);
  GcState state;
  bool is_known = true;
  state.domain = reader.text(k_domain_size_max);
  state.counter = reader.varint();
  state.holder = reader.text(k_gc_holder_size_max);
  state.lease_until_ns = reader.zigzag();
  state.marked_ns = reader.zigzag();
  const auto list = GcListId::from_bytes(reader.raw(k_digest_size));
  if (list && *list != GcListId()) state.candidates = *list;
  state.candidates_size = reader.varint();
  state.doomed_before_ns = reader.zigzag();
  const std::uint8_t has_swept = reader.u8();
  if (has_swept > 1) reader.fail();
  if (has_swept == 1) state.swept_below = read_name(reader, is_known);
  const std::size_t batches = reader.count(2);
  for (std::size_t i = 0; i < batches && reader.ok(); ++i) {
    GcBatch batch;
    batch.begun_ns = reader.zigzag();
    const std::size_t names = reader.count(k_name_size);
    batch.names.reserve(names);
    for (std::size_t j = 0; j < names; ++j) batch.names.push_back(read_name(reader, is_known));
    state.batches.push_back(std::move(batch));
  }
  TRY(reader.finish("payload"));
  if (!is_known) return fail(Code::corrupt, "it names an unknown kind of object");
  TRY(corrupt_unless(check_state(state)));
  return state;
}

bool is_being_removed(const GcState& state, const ObjectName& name) {
  return std::ranges::any_of(state.batches, [&name](const GcBatch& batch) {
    return std::ranges::binary_search(batch.names, name);
  });
}

Result<Bytes> encode_gc_candidates(const GcCandidates& candidates) {
  TRY(check_candidates(candidates));
  std::vector<UnixNanos> times;
  for (const GcCandidate& each : candidates.all) times.push_back(each.since_ns);
  std::ranges::sort(times);
  times.erase(std::ranges::unique(times).begin(), times.end());
  codec::WireWriter writer;
  writer.text(candidates.domain);
  writer.varint(times.size());
  for (const UnixNanos time : times) writer.zigzag(time);
  writer.varint(candidates.all.size());
  for (const GcCandidate& each : candidates.all) {
    writer.u8(static_cast<std::uint8_t>(each.name.kind));
  }
  for (const GcCandidate& each : candidates.all) writer.raw(each.name.id);
  for (const GcCandidate& each : candidates.all) {
    const auto at = std::ranges::lower_bound(times, each.since_ns);
    writer.varint(static_cast<std::uint64_t>(at - times.begin()));
  }
  return seal(k_list_kind, writer.bytes());
}

Result<GcCandidates> decode_gc_candidates(ByteView bytes) {
  TRY_ASSIGN(const Opened opened, open_envelope(k_list_kind, bytes));
  codec::WireReader reader(opened.payload);
  GcCandidates candidates;
  candidates.domain = reader.text(k_domain_size_max);
  std::vector<UnixNanos> times(reader.count(1));
  for (UnixNanos& time : times) time = reader.zigzag();
  const std::size_t count = reader.count(k_name_size + 1);
  const ByteView kinds = reader.raw(count);
  codec::WireReader ids(reader.raw(count * k_digest_size));
  if (!reader.ok() || !std::ranges::is_sorted(times)) return fail(Code::corrupt, "ends too early");
  bool is_known = true;
  candidates.all.reserve(count);
  for (const std::byte kind : kinds) {
    GcCandidate each;
    each.name = name_from(std::to_integer<std::uint8_t>(kind), ids.raw(k_digest_size), is_known);
    const std::uint64_t time = reader.varint();
    if (time >= times.size()) return fail(Code::corrupt, "a candidate has no time");
    each.since_ns = times[static_cast<std::size_t>(time)];
    candidates.all.push_back(each);
  }
  TRY(reader.finish("payload"));
  if (!is_known) return fail(Code::corrupt, "it names an unknown kind of object");
  TRY(corrupt_unless(check_candidates(candidates)));
  return candidates;
}

}  // namespace sluice::store
