#include "store/publisher.hpp"

#include "store/fetch.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::store {

namespace {

constexpr auto k_check_wait = std::chrono::seconds(20);  // to read a blob that is there
constexpr std::size_t k_piece_size = 256U << 10U;

std::unexpected<Error> not_the_blob(const sys::Path& file) {
  return fail(Code::corrupt, fmt::format("{} is not the blob it is said to be", file.string()));
}

// The store's own faults, told apart from those of the file that is uploaded.
template <typename T>
Result<T> of_the_store(Result<T> result) {
  if (result) return result;
  Error error = std::move(result).error();
  if (error.code == Code::corrupt) error.code = Code::unavailable;
  if (is_of_the_file(error)) error.code = Code::denied;  // no bucket, another region
  return std::unexpected(std::move(error));
}

// What failed because of the file itself would fail again: no use in trying.
Result<void> in_blob(const Record& record, Result<void> result) {
  if (result) return result;
  return std::unexpected(
      std::move(result).error().in(fmt::format("upload blob {}", record.output.short_hex())));
}

}  // namespace

bool is_of_the_file(const Error& error) {
  return error.code == Code::corrupt || error.code == Code::not_found ||
         error.code == Code::invalid;
}

Result<Bytes> put_manifest(Objects& objects, std::string_view domain, Manifest& manifest,
                           const SigningKey* key, Deadline deadline) {
  const PutCondition condition =
      objects.capabilities().if_absent ? PutCondition::absent() : PutCondition::always();
  for (int i = 0; i < k_manifest_tries_max; ++i) {
    TRY_ASSIGN(Bytes bytes, encode_manifest(manifest, key));
    auto put = of_the_store(
        objects.put(manifest_key(domain, manifest_id(bytes)), Body(bytes), condition, deadline));
    if (!put) return std::unexpected(std::move(put).error().in("upload the manifest"));
    if (put->stored) return bytes;
    ++manifest.info.created_ns;
  }
  return fail(Code::conflict, "upload the manifest: it is there already");
}

Publisher::Publisher(Objects& objects, PublishOptions options, std::shared_ptr<const Index> known)
    : objects_(objects),
      options_(std::move(options)),
      known_(std::move(known)),
      pack_(options_.compression) {}

Publisher::~Publisher() = default;

void Publisher::distrust(const BlobId& blob) {
  if (!placed_.contains(blob)) distrusted_.insert(blob);
}

const Location* Publisher::location_of(const BlobId& blob) const {
  const auto placed = placed_.find(blob);
  if (placed != placed_.end()) return &placed->second;
  if (!known_ || distrusted_.contains(blob)) return nullptr;
  const Location* location = known_->locate(blob);
  if (location == nullptr) return nullptr;
  const bool ours =
      location->domain == options_.domain ||
      std::ranges::find(options_.refer_domains, location->domain) != options_.refer_domains.end();
  return ours ? location : nullptr;
}

bool Publisher::is_known(const Record& record) const {
  return record.size == 0 || location_of(record.output) != nullptr ||
         in_pack_.contains(record.output);
}

Result<void> Publisher::add(const Record& record, const sys::Path& file, Deadline deadline) {
  if (is_known(record)) return {};
  if (record.size > k_blob_size_max) {
    return in_blob(record, fail(Code::exhausted, fmt::format("{} bytes are more than any blob may "
                                                             "have",
                                                             record.size)));
  }
  auto fd = sys::open_read(file);
  if (!fd) return in_blob(record, std::unexpected(std::move(fd).error()));
  return in_blob(record, record.size >= options_.alone_bytes_min
                             ? add_alone(record, file, fd->get(), deadline)
                             : add_small(record, file, fd->get(), deadline));
}

Result<void> Publisher::add_small(const Record& record, const sys::Path& file, int fd,
                                  Deadline deadline) {
  // One byte more shows a file that is longer than it should be.
  Bytes bytes(static_cast<std::size_t>(record.size) + 1);
  TRY_ASSIGN(const std::size_t count, sys::read_at(fd, bytes, 0));
  bytes.resize(count);
  if (count != record.size || sha256_as<BlobId>(bytes) != record.output) return not_the_blob(file);
  return add_packed(record, bytes, deadline);
}

Result<void> Publisher::add_bytes(const Record& record, ByteView bytes, Deadline deadline) {
  if (is_known(record)) return {};
  if (record.size < options_.alone_bytes_min) {
    return in_blob(record, add_packed(record, bytes, deadline));
  }
  const Bytes frame = codec::zstd_compress(bytes, options_.compression);
  Location location;
  location.where = Location::Where::alone;
  location.stored_size = frame.size();
  location.encoding = Encoding::zstd;
  location.domain = options_.domain;
  return in_blob(record, put_alone({record, std::move(location)}, Body(frame), deadline));
}

void Publisher::adopt(const Publisher& other) {
  for (const auto& [blob, location] : other.placed_) placed_.insert_or_assign(blob, location);
  for (const auto& [name, was_there] : other.own_) own_[name] = own_[name] || was_there;
  report_.bytes_up += other.report_.bytes_up;
  report_.blobs_up += other.report_.blobs_up;
  report_.blob_bytes += other.report_.blob_bytes;
  report_.objects_up += other.report_.objects_up;
}

Result<void> Publisher::add_packed(const Record& record, ByteView bytes, Deadline deadline) {
  // Room first: when the full pack cannot be uploaded, this blob is not half added.
  if (pack_.size() >= options_.pack_bytes_target || pack_.full() || !pack_waiting_.empty()) {
    TRY(flush(deadline));
  }
  pack_.add(record.output, bytes);
  in_pack_.insert(record.output);
  if (distrusted_.contains(record.output)) pack_overwrites_ = true;
  return {};
}

// Compressed into a file first: the size is known only then, and what is uploaded are the very
// bytes that were hashed, whatever happens to the original meanwhile.
Result<void> Publisher::add_alone(const Record& record, const sys::Path& file, int fd,
                                  Deadline deadline) {
  TRY(sys::make_directories(options_.staging, 0700));
  TRY_ASSIGN(sys::AtomicFile staged,
             sys::AtomicFile::create(options_.staging / "blob", 0600, options_.staging));
  std::uint64_t stored_size = 0;
  codec::ZstdCompressor compressor(
      [&](ByteView piece) {
        stored_size += piece.size();
        return staged.write(piece);
      },
      options_.compression, record.size);
  Sha256 hash;
  Bytes buffer(k_piece_size);
  for (std::uint64_t at = 0;;) {
    if (deadline.passed()) return fail(Code::timeout, "the deadline passed");
    TRY_ASSIGN(const std::size_t count, sys::read_at(fd, buffer, at));
    if (count == 0) break;
    at += count;
    if (at > record.size) return not_the_blob(file);
    hash.update(ByteView(buffer).first(count));
    TRY(compressor.write(ByteView(buffer).first(count)));
    if (count < buffer.size() && at != record.size) return not_the_blob(file);
  }
  if (hash.finish_as<BlobId>() != record.output) return not_the_blob(file);
  TRY(compressor.finish());
  Location location;
  location.where = Location::Where::alone;
  location.stored_size = stored_size;
  location.encoding = Encoding::zstd;
  location.domain = options_.domain;
  return put_alone({record, std::move(location)}, Body::of_file(staged.fd(), 0, stored_size),
                   deadline);
}

Result<void> Publisher::put_alone(Entry entry, const Body& body, Deadline deadline) {
  const std::string key = object_key(entry.record, entry.location);
  const bool overwrite = distrusted_.contains(entry.record.output);
  const std::uint64_t size = entry.record.size;
  bool is_there = false;
  if (!overwrite && !objects_.capabilities().if_absent) {
    // Nobody would refuse the second copy: then a look before.
    TRY_ASSIGN(is_there, find_alone(entry, deadline));
  }
  if (!is_there) {
    TRY_ASSIGN(const bool stored, put_new(key, body, overwrite, deadline));
    if (!stored) {
      TRY_ASSIGN(is_there, find_alone(entry, deadline));
      if (!is_there) TRY(put_new(key, body, true, deadline));  // what lies there is no such blob
    }
  }
  if (is_there) wrote(key, true);
  placed_.insert_or_assign(entry.record.output, std::move(entry.location));
  if (!is_there) {
    ++report_.blobs_up;
    report_.blob_bytes += size;
  }
  return {};
}

// Whether another job has brought this blob. It may have been compressed otherwise than we did it:
// then its size is what the store says, and is believed when the bytes are right.
Result<bool> Publisher::find_alone(Entry& entry, Deadline deadline) {
  TRY_ASSIGN(const auto info,
             of_the_store(objects_.head(object_key(entry.record, entry.location), deadline)));
  if (!info) return false;
  if (info->size == entry.location.stored_size) return true;
  Entry found = entry;
  found.location.stored_size = info->size;
  if (!check_entry(found)) return false;
  const auto right = fetch_blob(
      objects_, found, [](ByteView) -> Result<void> { return {}; },
      deadline.sooner(Deadline::after(k_check_wait)));
  if (!right && right.error().code != Code::corrupt && right.error().code != Code::not_found) {
    return std::unexpected(right.error());
  }
  if (!right) return false;
  entry = std::move(found);
  return true;
}

// Objects named by their content: when one is there already it is the same, unless it is known to
// be damaged.
Result<bool> Publisher::put_new(const std::string& key, const Body& body, bool overwrite,
                                Deadline deadline) {
  const bool ask = !overwrite && objects_.capabilities().if_absent;
  TRY_ASSIGN(const PutResult put,
             of_the_store(objects_.put(
                 key, body, ask ? PutCondition::absent() : PutCondition::always(), deadline)));
  wrote(key, !ask || !put.stored);
  if (put.stored) {
    report_.bytes_up += body.size();
    ++report_.objects_up;
  }
  return put.stored;
}

// Whoever found it there may have found what a collector is about to remove.
void Publisher::wrote(const std::string& key, bool was_there) {
  const auto name = object_name(options_.domain, key);
  if (!name || name->kind == ObjectKind::manifest) return;
  own_[*name] = own_[*name] || was_there;
}

// They are uploaded anew when somebody asks for it.
void Publisher::forget(const std::set<ObjectName>& unsafe) {
  for (const ObjectName& name : unsafe) own_.erase(name);
  std::erase_if(placed_, [&](const auto& placed) {
    if (!unsafe.contains(object_name(placed.first, placed.second))) return false;
    distrusted_.insert(placed.first);
    return true;
  });
}

Result<void> Publisher::flush(Deadline deadline) {
  // After a failure the finished pack waits here for the next call.
  if (pack_waiting_.empty()) {
    if (pack_.empty()) return {};
    waiting_blobs_ = pack_.blobs();
    pack_waiting_ = pack_.finish();
    waiting_overwrites_ = std::exchange(pack_overwrites_, false);
  }
  const PackId id = pack_id(pack_waiting_);
  auto uploaded =
      put_new(pack_key(options_.domain, id), Body(pack_waiting_), waiting_overwrites_, deadline);
  if (!uploaded) return std::unexpected(std::move(uploaded).error().in("upload a pack"));
  for (const PackedBlob& blob : waiting_blobs_) {
    placed_.insert_or_assign(blob.blob, Location{Location::Where::pack, id, blob.offset,
                                                 blob.stored_size, blob.encoding, options_.domain});
    in_pack_.erase(blob.blob);
    report_.blob_bytes += blob.size;
  }
  report_.blobs_up += waiting_blobs_.size();
  waiting_blobs_.clear();
  pack_waiting_ = Bytes();
  return pack_.empty() ? Result<void>{} : flush(deadline);
}

Manifest Publisher::build_manifest(ManifestInfo info,
                                   const std::vector<Record>& in_use_order) const {
  Manifest manifest;
  manifest.info = std::move(info);
  manifest.info.domain = options_.domain;
  std::unordered_set<ActionId> seen;
  std::unordered_map<BlobId, std::uint64_t> sizes;
  for (const Record& record : in_use_order) {
    Entry entry{record, {}};
    if (record.size != 0) {
      const Location* location = location_of(record.output);
      if (location == nullptr) continue;
      entry.location = *location;
    }
    if (manifest.entries.size() == k_manifest_records_max) break;
    // A record that no reader would believe must not cost the job its manifest.
    if (!check_entry(entry)) continue;
    if (sizes.try_emplace(record.output, record.size).first->second != record.size) continue;
    if (!seen.insert(record.action).second) continue;
    manifest.entries.push_back(std::move(entry));
  }
  return manifest;
}

Result<Bytes> Publisher::put_manifest(Manifest& manifest, Deadline deadline) {
  TRY_ASSIGN(Bytes bytes, store::put_manifest(objects_, options_.domain, manifest,
                                              options_.trust.key.get(), deadline));
  report_.bytes_up += bytes.size();
  ++report_.objects_up;
  return bytes;
}

Result<std::optional<Published>> Publisher::publish(ManifestInfo info,
                                                    const std::vector<Record>& in_use_order,
                                                    const std::vector<Scope>& write_scopes,
                                                    Deadline deadline) {
  Manifest manifest = build_manifest(std::move(info), in_use_order);
  if (manifest.entries.empty()) return std::nullopt;
  TRY_ASSIGN(Bytes bytes, put_manifest(manifest, deadline));
  // From here on the manifest keeps what it names; what may be gone before that is left out.
  auto unsafe = unsafe_objects(objects_, options_.domain, own_, deadline);
  if (!unsafe) return std::unexpected(std::move(unsafe).error().in("look for a collector"));
  if (!unsafe->empty()) {
    forget(*unsafe);
    manifest = build_manifest(std::move(manifest.info), in_use_order);
    if (manifest.entries.empty()) return std::nullopt;
    TRY_ASSIGN(bytes, put_manifest(manifest, deadline));
  }
  ManifestRef ref;
  ref.id = manifest_id(bytes);
  ref.size = bytes.size();
  ref.created_ns = manifest.info.created_ns;
  ref.records = manifest.entries.size();
  ref.job_name = manifest.info.job_name;
  ref.job_run = manifest.info.job_run;
  ref.job_id = manifest.info.job_id;
  if (bytes.size() <= k_inline_manifest_max) ref.inlined = std::move(bytes);
  TRY(write_heads(ref, write_scopes, deadline));
  return Published{ref.id, std::move(manifest)};
}

Result<void> Publisher::write_heads(const ManifestRef& ref, const std::vector<Scope>& scopes,
                                    Deadline deadline) {
  std::vector<Result<std::uint64_t>> written(scopes.size(), 0);
  run_parallel(scopes.size(), k_head_writers_max, [&](std::size_t i) {
    written[i] = update_head(objects_, options_.domain, scopes[i], ref, deadline, options_.trust);
  });
  std::vector<Error> faults;
  for (auto& each : written) {
    if (each) {
      report_.bytes_up += *each;
      ++report_.objects_up;
    } else {
      faults.push_back(std::move(each).error());
    }
  }
  if (!faults.empty() && faults.size() == scopes.size()) return std::unexpected(faults.front());
  report_.faults.insert(report_.faults.end(), faults.begin(), faults.end());
  return {};
}

}  // namespace sluice::store
