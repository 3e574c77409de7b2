// A manifest: the records one job used or made, in order of first use, as one immutable object.
//
// Values and pure functions: any thread. decode_manifest takes hostile bytes: Code::corrupt for
// what is none, Code::unsupported for a newer version. What it returns has passed check_entry,
// entry by entry. Messages do not say which object it was: the caller knows. Format:
// docs/formats/remote.md.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/envelope.hpp"
#include "store/record.hpp"

#include <string>
#include <vector>

namespace sluice::store {

// One job's records: prometheus builds, vets and tests with about 20,000.
inline constexpr std::size_t k_manifest_records_max = 1U << 20U;
// Of one manifest before compression, and of the object.
inline constexpr std::uint64_t k_manifest_raw_size_max = 256ULL << 20U;
inline constexpr std::uint64_t k_manifest_size_max = 256ULL << 20U;
inline constexpr std::size_t k_manifest_text_size_max = 1024;  // each text of ManifestInfo

struct ManifestInfo {
  std::string domain;
  std::string job_name;  // the same from run to run
  std::string job_run;   // shared by all jobs that one push or click started
  std::string job_id;    // the same for all steps of one job, another for every job
  std::string go_version;
  std::string platform;  // "linux/amd64"
  std::string producer;  // "sluice 0.1.0"
  UnixNanos created_ns = 0;

  bool operator==(const ManifestInfo&) const = default;
};

struct Manifest {
  ManifestInfo info;
  std::vector<Entry> entries;  // order of first use, one per action
  Signature signature;         // as read, unchecked

  bool operator==(const Manifest&) const = default;
};

// Code::invalid when an entry or a text breaks a bound. One blob has one size and one location: the
// first entry's counts. Signed where there is a key.
Result<Bytes> encode_manifest(const Manifest& manifest, const SigningKey* key = nullptr);
// Code::exhausted above `records_max` records, before they take memory.
Result<Manifest> decode_manifest(ByteView bytes, std::size_t records_max = k_manifest_records_max);
inline ManifestId manifest_id(ByteView bytes) { return sha256_as<ManifestId>(bytes); }

}  // namespace sluice::store
