#include "store/gc_state.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <string>

namespace sluice::store {
namespace {

ObjectName named(ObjectKind kind, std::uint64_t number) {
  return {kind, sha256(bytes_of(std::to_string(number)))};
}

GcState sample_state() {
  GcState state;
  state.domain = "trusted";
  state.counter = 7;
  state.holder = "builder-3:4711:9f8e";
  state.lease_until_ns = 1'800'000'000'000'000'000;
  state.marked_ns = 1'799'999'000'000'000'000;
  state.candidates = sha256_as<GcListId>(bytes_of("list"));
  state.candidates_size = 4321;
  state.doomed_before_ns = 1'799'900'000'000'000'000;
  state.swept_below = named(ObjectKind::pack, 1);
  state.batches = {
      {1'799'999'500'000'000'000,
       {named(ObjectKind::blob, 2), named(ObjectKind::blob_zstd, 3), named(ObjectKind::manifest, 4),
        named(ObjectKind::pack, 5), named(ObjectKind::other, 6)}},
      {1'799'999'600'000'000'000, {}}};
  return state;
}

GcCandidates sample_list() {
  GcCandidates list;
  list.domain = "trusted";
  list.all = {{named(ObjectKind::blob, 2), 1'799'900'000'000'000'000},
              {named(ObjectKind::blob_zstd, 3), 1'799'900'000'000'000'000},
              {named(ObjectKind::pack, 5), 1'799'999'000'000'000'000}};
  return list;
}

TEST_CASE("the golden state of a collector and its golden list") {
  const Bytes state = *encode_gc_state(sample_state());
  CHECK(testing::golden_file("gc_state/v1", state) == state);
  CHECK(*decode_gc_state(state) == sample_state());
  const Bytes list = *encode_gc_candidates(sample_list());
  CHECK(testing::golden_file("gc_state/candidates_v1", list) == list);
  CHECK(*decode_gc_candidates(list) == sample_list());
}

TEST_CASE("what breaks a bound is not written") {
  GcState state = sample_state();
  std::swap(state.batches[0].names[0], state.batches[0].names[1]);
  CHECK(encode_gc_state(state).error().code == Code::invalid);
  state = sample_state();
  state.batches.resize(k_gc_batches_max + 1);
  CHECK(encode_gc_state(state).error().code == Code::invalid);
  state = sample_state();
  state.domain = "No domain";
  CHECK(encode_gc_state(state).error().code == Code::invalid);
  GcCandidates list = sample_list();
  list.all.push_back(list.all.front());
  CHECK(encode_gc_candidates(list).error().code == Code::invalid);
}

TEST_CASE("damage, other kinds and later versions are refused") {
  const Bytes state = *encode_gc_state(sample_state());
  const Bytes list = *encode_gc_candidates(sample_list());
  CHECK(decode_gc_state(list).error().code == Code::corrupt);
  CHECK(decode_gc_candidates(state).error().code == Code::corrupt);
  for (std::size_t at = 0; at < state.size(); ++at) {
    Bytes damaged = state;
    damaged[at] ^= std::byte{0x10};
    // Nothing but the room for a signature, which the checksum does not cover, may change.
    if (const auto read = decode_gc_state(damaged)) CHECK((at >= 72 && at < 136));
    CHECK_FALSE(decode_gc_state(ByteView(state).first(at)).has_value());
  }
  Bytes later = state;
  later[8] = std::byte{2};
  CHECK(decode_gc_state(later).error().code == Code::unsupported);
}

TEST_CASE("a batch knows its names") {
  const GcState state = sample_state();
  CHECK(is_being_removed(state, named(ObjectKind::pack, 5)));
  CHECK_FALSE(is_being_removed(state, named(ObjectKind::blob, 5)));
  CHECK_FALSE(is_being_removed({}, named(ObjectKind::pack, 5)));
}

TEST_CASE("any list comes back") {
  rc::check([](const std::map<std::uint16_t, std::int64_t>& numbers) {
    GcCandidates list;
    list.domain = "d";
    for (const auto& [number, since] : numbers) {
      list.all.push_back({named(static_cast<ObjectKind>(number % 5), number), since});
    }
    std::ranges::sort(list.all, {}, &GcCandidate::name);
    RC_ASSERT(*decode_gc_candidates(*encode_gc_candidates(list)) == list);
  });
}

}  // namespace
}  // namespace sluice::store
