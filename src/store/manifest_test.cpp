#include "store/manifest.hpp"

#include "base/subkey.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::action_of;
using testing::body_of;

BlobId blob_of(std::uint64_t number) {
  return sha256_as<BlobId>(bytes_of("blob " + std::to_string(number)));
}

PackId pack_of(std::uint64_t number) {
  return sha256_as<PackId>(bytes_of("pack " + std::to_string(number)));
}

Record record_of(const ActionId& action, std::uint64_t blob, std::uint64_t size) {
  Record record;
  record.action = action;
  record.output = blob_of(blob);
  record.size = size;
  record.kind = Kind::archive;
  record.time_ns = 1'700'000'000'000'000'000 + static_cast<UnixNanos>(blob);
  return record;
}

Entry packed(const ActionId& action, std::uint64_t blob, std::uint64_t offset) {
  Entry entry{record_of(action, blob, 1000), {}};
  entry.location = {Location::Where::pack, pack_of(blob % 2), offset, 700,
                    Encoding::zstd,        "trusted"};
  return entry;
}

Entry alone(const ActionId& action, std::uint64_t blob) {
  Entry entry{record_of(action, blob, 3'000'000), {}};
  entry.location.where = Location::Where::alone;
  entry.location.stored_size = 3'000'000;
  entry.location.domain = "fork";
  return entry;
}

Entry empty(const ActionId& action) {
  Entry entry;
  entry.record.action = action;
  entry.record.output = k_empty_blob;
  return entry;
}

Manifest sample() {
  Manifest manifest;
  manifest.info = {"trusted",  "build",       "run-17",       "17",
                   "go1.27.4", "linux/amd64", "sluice 0.1.0", 1'234'567};
  std::vector<Entry>& entries = manifest.entries;
  entries.push_back(packed(action_of(1), 1, 16));
  entries.push_back(empty(subkey(action_of(1), "stdout")));
  entries.push_back(packed(action_of(2), 2, 16));
  entries.push_back(packed(subkey(action_of(3), "srcfiles"), 3, 716));  // before its parent
  entries.push_back(alone(action_of(3), 4));
  entries.push_back(packed(action_of(4), 1, 16));  // a blob used before
  entries.back().record.time_ns = -5;
  entries.back().record.origin = Origin::received;
  Entry tool = alone(action_of(5), 5);
  tool.record.kind = Kind::executable;
  tool.record.name = "stringer";
  entries.push_back(tool);
  return manifest;
}

TEST_CASE("a manifest comes back as it was") {
  const Manifest manifest = sample();
  const auto bytes = encode_manifest(manifest);
  REQUIRE(bytes.has_value());
  const auto back = decode_manifest(*bytes);
  REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().message));
  CHECK(*back == manifest);
  CHECK_FALSE(back->signature.is_signed());
  Manifest none;
  none.info.domain = "trusted";
  CHECK(*decode_manifest(*encode_manifest(none)) == none);
}

TEST_CASE("the golden manifest of version 1") {
  const Bytes bytes = *encode_manifest(sample());
  const Bytes golden = testing::golden_file("manifest/v1", bytes);
  CHECK(golden == bytes);
  const auto back = decode_manifest(golden);
  REQUIRE(back.has_value());
  CHECK(*back == sample());
}

TEST_CASE("a derived action takes a few bytes, an empty output none") {
  Manifest plain;
  plain.info.domain = "trusted";
  for (std::uint64_t i = 0; i < 500; ++i) plain.entries.push_back(empty(action_of(i)));
  Manifest derived = plain;
  for (std::uint64_t i = 0; i < 500; ++i) {
    derived.entries.push_back(empty(subkey(action_of(i), "stdout")));
  }
  const std::size_t size = encode_manifest(plain)->size();
  const std::size_t more = encode_manifest(derived)->size() - size;
  CHECK(size < 500 * 33 + 300);
  CHECK(more < 500 * 2);
}

TEST_CASE("what breaks a bound is not written") {
  Manifest manifest = sample();
  manifest.info.domain = "No Domain";
  CHECK(encode_manifest(manifest).error().code == Code::invalid);
  manifest = sample();
  manifest.info.job_name = std::string(k_manifest_text_size_max + 1, 'x');
  CHECK(encode_manifest(manifest).error().code == Code::invalid);
  manifest = sample();
  manifest.entries[0].location.domain = "../x";
  CHECK_FALSE(encode_manifest(manifest).has_value());
  manifest = sample();
  manifest.entries[6].record.name = "a/b";
  CHECK_FALSE(encode_manifest(manifest).has_value());
}

TEST_CASE("a reader's bound on records holds before they take memory") {
  const Bytes bytes = *encode_manifest(sample());
  CHECK(decode_manifest(bytes, 7).has_value());
  CHECK(decode_manifest(bytes, 6).error().code == Code::exhausted);
}

TEST_CASE("a later version and unknown flags are refused with a clear line") {
  Bytes bytes = *encode_manifest(sample());
  bytes[8] = std::byte{7};
  const auto later = decode_manifest(bytes);
  REQUIRE_FALSE(later.has_value());
  CHECK(later.error().code == Code::unsupported);
  CHECK(later.error().message == "format version 7 is newer than this sluice knows (1)");
  bytes[8] = std::byte{1};
  bytes[11] = std::byte{0x80};
  CHECK(decode_manifest(bytes).error().code == Code::unsupported);
}

// Any list of entries that fit together, as a job might have them.
rc::Gen<std::vector<Entry>> entries_generator() {
  return rc::gen::exec([] {
    std::vector<Entry> entries;
    std::map<ActionId, bool> seen;
    std::map<BlobId, Entry> blobs;
    const auto count = *rc::gen::inRange<std::size_t>(0, 40);
    for (std::size_t i = 0; i < count; ++i) {
      ActionId action = action_of(*rc::gen::inRange<std::uint64_t>(0, 30));
      if (*rc::gen::arbitrary<bool>()) {
        const auto which = *rc::gen::inRange<std::size_t>(0, k_subkey_description_count);
        action = subkey(action, k_subkey_descriptions[which]);
      }
      if (!seen.emplace(action, true).second) continue;
      const auto number = *rc::gen::inRange<std::uint64_t>(0, 20);
      Entry entry = empty(action);
      if (number > 13) {
        entry = alone(action, number);
      } else if (number > 4) {
        entry = packed(action, number, *rc::gen::inRange<std::uint64_t>(16, 100'000));
      }
      // One blob has one place.
      if (entry.record.size != 0) {
        entry.location = blobs.emplace(entry.record.output, entry).first->second.location;
      }
      entry.record.kind = static_cast<Kind>(*rc::gen::inRange<int>(0, 6));
      entry.record.time_ns = *rc::gen::arbitrary<UnixNanos>();
      entry.record.origin = *rc::gen::element(Origin::made, Origin::received);
      if (*rc::gen::inRange(0, 5) == 0) entry.record.name = "tool";
      entries.push_back(std::move(entry));
    }
    return entries;
  });
}

TEST_CASE("any manifest comes back, and any damage to it is refused") {
  CHECK(rc::check("round trip", [] {
    Manifest manifest = sample();
    manifest.entries = *entries_generator();
    const auto bytes = encode_manifest(manifest);
    RC_ASSERT(bytes.has_value());
    const auto back = decode_manifest(*bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == manifest);
    Bytes damaged = *bytes;
    const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
    // Key id and signature are not covered by the checksum as a whole: the signature signs it.
    constexpr std::size_t k_signature_begin = 72;
    const bool in_signature = at >= k_signature_begin && at < k_envelope_size;
    damaged[at] ^= static_cast<std::byte>(1U << *rc::gen::inRange(0U, 8U));
    RC_ASSERT((in_signature || !decode_manifest(damaged).has_value()));
    damaged.resize(at);
    RC_ASSERT(!decode_manifest(damaged).has_value());
  }));
}

// Past the checksum: a payload that lies must not get through check_entry, and never crash.
TEST_CASE("a payload that lies is refused or gives sound entries") {
  constexpr EnvelopeKind k_kind{"SLUICEMF", "manifest", k_manifest_raw_size_max};
  const Bytes sealed = *encode_manifest(sample());
  const Bytes payload = open_envelope(k_kind, sealed)->payload;
  CHECK(rc::check("lies", [&] {
    Bytes changed = payload;
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      changed[*rc::gen::inRange<std::size_t>(0, changed.size())] =
          static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
    }
    const auto manifest = decode_manifest(seal(k_kind, changed));
    if (!manifest) return;
    for (const Entry& entry : manifest->entries) RC_ASSERT(check_entry(entry).has_value());
  }));
}

}  // namespace
}  // namespace sluice::store
