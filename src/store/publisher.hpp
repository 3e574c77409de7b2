// Uploads what a job made: small blobs in packs, large ones alone, then one manifest and the heads
// of the scopes that shall know it.
//
// A Publisher borrows its Objects and belongs to one thread at a time (publish() writes heads with
// a few threads of its own, all ended on return). In memory: one pack being filled, and of what
// add_bytes() uploads its compressed bytes. What the known index already locates is not uploaded
// again. Errors of add(): Code::corrupt when the file is not the blob it is said to be,
// Code::not_found when it is gone, Code::exhausted when it is above a bound (in all three the blob
// is left out and the others go on), else the store's, after which the same call may be tried
// again.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"
#include "store/gc_guard.hpp"
#include "store/head.hpp"
#include "store/index.hpp"
#include "store/manifest.hpp"
#include "store/objects.hpp"
#include "store/pack.hpp"
#include "store/scope.hpp"
#include "store/trust.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sluice::store {

inline constexpr int k_head_tries_max = 12;        // of one head, when others write it too
inline constexpr int k_head_backoff_max_ms = 400;  // between two tries, jittered
inline constexpr int k_blind_head_writes_max = 2;  // of one head, where no condition is honoured
inline constexpr std::size_t k_head_writers_max = 8;
// Of one whose very bytes lie there already: left by as many that died before their heads.
inline constexpr int k_manifest_tries_max = 64;
// Room in a pack for its blobs; the rest of k_pack_size_max is for the index.
inline constexpr std::uint64_t k_pack_blob_bytes_max = k_pack_size_max - k_pack_index_raw_size_max;

struct PublishOptions {
  std::string domain;  // where everything is written
  sys::Path staging;   // a directory for compressed large blobs, removed as they are uploaded
  std::uint64_t pack_bytes_target = 4ULL << 20U;  // a pack is uploaded when it holds this much
  std::uint64_t alone_bytes_min = 1ULL << 20U;    // a blob of this raw size goes alone
  codec::ZstdEffort compression;
  // Other domains whose objects our readers believe too: blobs known there are not uploaded again.
  std::vector<std::string> refer_domains;
  Trust trust;  // its key signs manifest and heads; its domains are not looked at
};

struct PublishReport {
  std::uint64_t bytes_up = 0;  // bodies of all puts that stored something
  std::uint64_t blobs_up = 0;
  std::uint64_t blob_bytes = 0;  // of those, decoded
  std::uint64_t objects_up = 0;  // packs, blobs alone, manifest, heads
  std::vector<Error> faults;     // heads that could not be written while others could
};

struct Published {
  ManifestId id;
  Manifest manifest;
};

// Whether an error of a publisher is about the file that it was given, and not the store's.
bool is_of_the_file(const Error& error);

class Publisher {
 public:
  Publisher(Objects& objects, PublishOptions options, std::shared_ptr<const Index> known);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // What the known index says about this blob is wrong (it was gone or damaged when fetched):
  // uploaded anew, over whatever lies there.
  void distrust(const BlobId& blob);
  // Reads the file and packs or uploads it; SHA-256 is checked on what is stored. A blob that is
  // empty, known or added before needs no file and costs nothing.
  Result<void> add(const Record& record, const sys::Path& file, Deadline deadline);
  // The same of bytes in memory, which are the blob.
  Result<void> add_bytes(const Record& record, ByteView bytes, Deadline deadline);
  // Takes over what another one has uploaded to the same store and domain: it is known here, and
  // counted here.
  void adopt(const Publisher& other);
  // Uploads the pack being filled.
  Result<void> flush(Deadline deadline);
  // Writes the manifest of those records whose blob has a place in the store (call flush first:
  // what is still in the pack being filled has none), then the heads of all scopes. Nothing when no
  // record is left to write. Fails when the manifest or every head could not be written; a part of
  // the heads failing is a fault in the report.
  Result<std::optional<Published>> publish(ManifestInfo info,
                                           const std::vector<Record>& in_use_order,
                                           const std::vector<Scope>& write_scopes,
                                           Deadline deadline);
  const PublishReport& report() const { return report_; }
  // Where a blob lies that is known or was uploaded; null: nowhere yet. Until the next add.
  const Location* location_of(const BlobId& blob) const;
  // The packs and blobs alone that it put or found there: for unsafe_objects.
  const OwnObjects& own() const { return own_; }

 private:
  bool is_known(const Record& record) const;
  Result<void> add_packed(const Record& record, ByteView bytes, Deadline deadline);
  Result<void> add_small(const Record& record, const sys::Path& file, int fd, Deadline deadline);
  Result<void> add_alone(const Record& record, const sys::Path& file, int fd, Deadline deadline);
  Result<void> put_alone(Entry entry, const Body& body, Deadline deadline);
  Result<bool> find_alone(Entry& entry, Deadline deadline);
  Result<bool> put_new(const std::string& key, const Body& body, bool overwrite, Deadline deadline);
  void wrote(const std::string& key, bool was_there);
  void forget(const std::set<ObjectName>& unsafe);
  Result<Bytes> put_manifest(Manifest& manifest, Deadline deadline);
  Manifest build_manifest(ManifestInfo info, const std::vector<Record>& in_use_order) const;
  Result<void> write_heads(const ManifestRef& ref, const std::vector<Scope>& scopes,
                           Deadline deadline);

  Objects& objects_;
  PublishOptions options_;
  std::shared_ptr<const Index> known_;
  PackBuilder pack_;              // being filled
  bool pack_overwrites_ = false;  // it holds a blob that is distrusted
  Bytes pack_waiting_;            // finished, its upload failed: tried again by the next flush
  std::vector<PackedBlob> waiting_blobs_;
  bool waiting_overwrites_ = false;
  std::unordered_set<BlobId> in_pack_;  // not in the store yet
  std::unordered_set<BlobId> distrusted_;
  std::unordered_map<BlobId, Location> placed_;
  OwnObjects own_;  // packs and blobs alone that this job put or found there
  PublishReport report_;
};

// Writes a manifest as an object that was not there before, and returns its bytes. One that is
// there already may be one that a collector gives up: then its time is a moment later. Signed where
// there is a key. From any thread.
Result<Bytes> put_manifest(Objects& objects, std::string_view domain, Manifest& manifest,
                           const SigningKey* key, Deadline deadline);

// Adds `ref` to the head of one scope so that no other writer's entry is lost: by if_match with a
// bounded number of jittered tries; where the store has no conditions by write, read back, and once
// more when another writer got in between (what that still can lose is a hit, never its
// correctness). A head that is not believed, or is older than one that was seen, is replaced by a
// new one, and nothing of it stays. Returns the bytes written.
Result<std::uint64_t> update_head(Objects& objects, std::string_view domain, const Scope& scope,
                                  const ManifestRef& ref, Deadline deadline,
                                  const Trust& trust = {});

// By the manifest that one takes the place of; no copies, no jobs.
using Successors = std::unordered_map<ManifestId, ManifestRef>;
enum class Succession : std::uint8_t {
  written,
  none,  // the head lists none of them any more
  left   // others were faster each time, it is not ours to sign, or it may not be written any more
};
// Puts manifests in the places of those that the head of one scope lists, by if_match, which the
// store must honour, with a bounded number of jittered tries. Its last write stays as old as it is.
// What was signed is checked and signed anew, what was not is not. `may_write` is asked before each
// write.
Result<Succession> replace_manifests(Objects& objects, std::string_view domain,
                                     const std::string& scope_name, const Successors& successors,
                                     const std::function<bool()>& may_write, Deadline deadline,
                                     const Trust& trust);

}  // namespace sluice::store
