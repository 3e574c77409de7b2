#include "store/fsck.hpp"

#include "base/md5.hpp"
#include "base/strings.hpp"
#include "codec/wire.hpp"
#include "codec/zstd.hpp"
#include "store/collector.hpp"
#include "store/gc_inventory.hpp"
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/manifest.hpp"
#include "store/pack.hpp"
#include "store/parallel.hpp"
#include "store/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

namespace sluice::store {

namespace {

constexpr std::size_t k_chunk = 256;  // objects between two words of progress
constexpr auto k_object_max = std::chrono::minutes(30);
constexpr int k_head_repairs_max = 4;  // tries, when jobs write it too
constexpr std::uint32_t k_zstd_magic = 0xFD2FB528;
constexpr std::size_t k_frame_header_max = 18;
constexpr std::size_t k_md5_digits = 32;

Deadline call() { return Deadline::after(k_gc_call_max); }

// What a frame's header says its content is long; sluice writes none without it.
std::optional<std::uint64_t> content_size(ByteView frame) {
  codec::WireReader reader(frame);
  if (reader.u32() != k_zstd_magic) return std::nullopt;
  const unsigned descriptor = reader.u8();
  const bool is_single = (descriptor & 0x20U) != 0;
  if (!is_single) reader.u8();
  constexpr std::array<std::size_t, 4> k_dictionary_sizes = {0, 1, 2, 4};
  reader.raw(k_dictionary_sizes[descriptor & 3U]);
  std::uint64_t size = 0;
  switch (descriptor >> 6U) {
    case 0:
      if (!is_single) return std::nullopt;
      size = reader.u8();
      break;
    case 1: size = reader.u16() + std::uint64_t{256}; break;
    case 2: size = reader.u32(); break;
    default: size = reader.u64(); break;
  }
  return reader.ok() ? std::optional(size) : std::nullopt;
}

// The digest that an object's bytes give, decoded where its name is that of what is in it.
class ObjectHash {
 public:
  explicit ObjectHash(bool is_frame) : is_frame_(is_frame) {}

  Result<void> write(ByteView piece) {
    md5_.update(piece);
    if (!is_frame_) {
      sha_.update(piece);
      return {};
    }
    if (decoder_) return decoder_->write(piece);
    append(begin_, piece);
    if (begin_.size() < k_frame_header_max) return {};
    return start();
  }

  Result<std::array<std::byte, k_digest_size>> finish() {
    if (is_frame_) {
      if (!decoder_) TRY(start());
      TRY(decoder_->finish());
    }
    return sha_.finish();
  }
  std::string md5() { return md5_.finish_hex(); }

 private:
  Result<void> start() {
    const auto size = content_size(begin_);
    if (!size || *size > k_blob_size_max) return fail(Code::corrupt, "it is no frame of a blob");
    decoder_.emplace(
        [this](ByteView piece) -> Result<void> {
          sha_.update(piece);
          return {};
        },
        *size);
    return decoder_->write(std::exchange(begin_, {}));
  }

  bool is_frame_;
  Bytes begin_;
  std::optional<codec::ZstdDecompressor> decoder_;
  Sha256 sha_;
  Md5 md5_;
};

struct Listed {
  std::string key;
  ObjectName name;
  std::uint64_t size = 0;
};

class Checker {
 public:
  Checker(Objects& objects, std::string domain, const FsckOptions& options)
      : objects_(objects), domain_(std::move(domain)), options_(options) {}

  Result<FsckReport> run() {
    TRY(list());
    TRY(check_objects());
    judge_etags();
    for (const std::string& key : heads_) TRY(check_head(key));
    return std::move(report_);
  }

 private:
  Result<void> list();
  Result<void> check_objects();
  Result<void> check_object(const Listed& listed);
  void judge_etags();
  Result<void> check_head(const std::string& key);
  Result<void> check_ref(const std::string& head, ManifestRef& ref, bool is_signed, bool& changed);
  Result<void> check_names(ManifestRef& ref, ByteView bytes, bool is_signed, bool& changed);
  Result<bool> is_there(const std::string& key);
  Result<void> write_head(const std::string& key, Head head, std::string etag,
                          const std::map<ManifestId, std::optional<ManifestRef>>& changes);
  void found(FsckProblem problem, const std::string& key, std::string what, std::string done);
  std::string remove(const std::string& key);

  Objects& objects_;
  const std::string domain_;
  const FsckOptions& options_;
  FsckReport report_;
  std::mutex mutex_;
  std::vector<Listed> listed_;
  std::vector<std::string> heads_;
  std::map<std::string, bool> there_;  // by key: what is there; damaged ones that were removed not
  std::vector<std::pair<std::string, bool>> etags_;  // those that may be an MD5: whether they are
  std::map<ManifestId, std::optional<ManifestRef>> seen_;  // judged before; what takes its place
};

Result<void> Checker::list() {
  const std::string prefix = domain_prefix(domain_);
  for (const char* kind : {"blobs/", "manifests/", "packs/", "scopes/"}) {
    TRY(list_all(objects_, prefix + kind, options_.at_once,
                 [&](std::string key, std::uint64_t size) {
                   if (key.starts_with(prefix + "scopes/")) return heads_.push_back(std::move(key));
                   if (const auto name = object_name(domain_, key)) {
                     there_[key] = true;
                     report_.bytes += size;
                     listed_.push_back({std::move(key), *name, size});
                   }
                 }));
  }
  std::ranges::sort(heads_);
  std::ranges::sort(listed_, {}, &Listed::name);
  report_.objects = listed_.size();
  report_.heads = heads_.size();
  return {};
}

Result<void> Checker::check_objects() {
  std::uint64_t bytes = 0;
  for (std::size_t begin = 0; begin < listed_.size(); begin += k_chunk) {
    const std::size_t count = std::min(k_chunk, listed_.size() - begin);
    std::vector<Result<void>> done(count);
    run_parallel(count, options_.at_once,
                 [&](std::size_t i) { done[i] = check_object(listed_[begin + i]); });
    for (std::size_t i = 0; i < count; ++i) {
      TRY(std::move(done[i]));
      bytes += listed_[begin + i].size;
    }
    if (options_.progress) options_.progress(bytes, report_.bytes);
  }
  return {};
}

// Larger than any of its kind: it is not read to learn what is wrong with it.
bool is_too_large(const Listed& listed) {
  switch (listed.name.kind) {
    case ObjectKind::manifest: return listed.size > k_manifest_size_max;
    case ObjectKind::pack: return listed.size > k_pack_size_max;
    default: return listed.size > k_blob_size_max;
  }
}

// Gone since it was listed is nothing wrong with it: a collector works.
Result<void> Checker::check_object(const Listed& listed) {
  if (is_too_large(listed)) {
    found(FsckProblem::damaged, listed.key,
          fmt::format("{} bytes: more than one of its kind has", listed.size), remove(listed.key));
    return {};
  }
  ObjectHash hash(listed.name.kind == ObjectKind::blob_zstd);
  std::optional<Error> wrong;
  const auto read = objects_.get_range(
      listed.key, 0, listed.size,
      [&](ByteView piece) -> Result<void> {
        if (!wrong) {
          if (auto taken = hash.write(piece); !taken) wrong = std::move(taken).error();
        }
        return {};
      },
      Deadline::after(k_object_max));
  if (!read && read.error().code != Code::corrupt) return std::unexpected(read.error());
  if (read && !*read) {
    const std::lock_guard lock(mutex_);
    there_[listed.key] = false;
    return {};
  }
  if (!read) wrong = read.error();
  if (!wrong) {
    const auto digest = hash.finish();
    if (!digest) {
      wrong = digest.error();
    } else if (*digest != listed.name.id) {
      wrong = Error{Code::corrupt, "it does not hash to its name"};
    }
  }
  if (wrong) {
    found(FsckProblem::damaged, listed.key,
          fmt::format("{} bytes: {}", listed.size, wrong->message), remove(listed.key));
    return {};
  }
  TRY_ASSIGN(const auto info, objects_.head(listed.key, call()));
  if (!info) return {};
  std::string etag = info->etag;
  std::erase(etag, '"');
  const bool is_digest = etag.size() == k_md5_digits &&
                         etag.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_digest) return {};
  const std::lock_guard lock(mutex_);
  etags_.emplace_back(listed.key, etag == hash.md5());
  return {};
}

// A store that encrypts with keys of its own says something else than an MD5, and of every object.
void Checker::judge_etags() {
  const auto right = static_cast<std::size_t>(
      std::ranges::count(etags_, true, &std::pair<std::string, bool>::second));
  if (right * 2 <= etags_.size()) return;
  report_.etags = etags_.size();
  for (const auto& [key, is_right] : etags_) {
    if (is_right) continue;
    found(FsckProblem::etag, key, "the bytes are right, the store's ETag is not their MD5", "");
  }
}

void Checker::found(FsckProblem problem, const std::string& key, std::string what,
                    std::string done) {
  const std::lock_guard lock(mutex_);
  ++report_.counts[static_cast<std::size_t>(problem)];
  if (report_.findings.size() >= k_fsck_findings_max) return;
  report_.findings.push_back({problem, key, std::move(what), std::move(done)});
}

std::string Checker::remove(const std::string& key) {
  if (!options_.repair) return "";
  const auto removed = objects_.remove(key, call());
  if (!removed) return "";
  const std::lock_guard lock(mutex_);
  there_[key] = false;
  return "removed";
}

Result<bool> Checker::is_there(const std::string& key) {
  const auto known = there_.find(key);
  if (known != there_.end()) return known->second;
  TRY_ASSIGN(const auto info, objects_.head(key, call()));  // newer than the listing, or elsewhere
  there_[key] = info.has_value();
  return info.has_value();
}

Result<void> Checker::check_head(const std::string& key) {
  auto object = objects_.get(key, k_head_size_max, call());
  if (!object && object.error().code != Code::exhausted) return std::unexpected(object.error());
  if (object && !*object) return {};
  auto head =
      object ? decode_head((*object)->bytes) : Result<Head>(std::unexpected(object.error()));
  if (head && (head->domain != domain_ || head_key(domain_, head->scope_name) != key)) {
    head = fail(Code::corrupt, "it is the head of another scope");
  }
  if (!head && head.error().code == Code::unsupported) {
    ++report_.newer;
    return {};
  }
  if (!head) {
    found(FsckProblem::head_damaged, key, head.error().message, remove(key));
    return {};
  }
  std::map<ManifestId, std::optional<ManifestRef>> changes;
  for (ManifestRef ref : head->manifests) {
    const ManifestId id = ref.id;
    bool changed = false;
    TRY(check_ref(fmt::format("{} ({})", key, printable(head->scope_name, 80)), ref,
                  head->signature.is_signed(), changed));
    if (!changed) continue;
    changes[id] = ref.size == 0 ? std::nullopt : std::optional(ref);
  }
  if (changes.empty()) return {};
  return write_head(key, std::move(*head), std::move((*object)->etag), changes);
}

// A size of 0 says that the mention goes.
Result<void> Checker::check_ref(const std::string& head, ManifestRef& ref, bool is_signed,
                                bool& changed) {
  const std::string key = manifest_key(domain_, ref.id);
  TRY_ASSIGN(const bool there, is_there(key));
  const bool carries = !ref.inlined.empty() && manifest_id(ref.inlined) == ref.id;
  const bool may_write = options_.repair && !is_signed;
  if (!there) {
    std::string done;
    if (options_.repair && carries) {
      const Bytes bytes = ref.inlined;
      TRY(objects_.put(key, Body(bytes), PutCondition::always(), call()));
      there_[key] = true;
      done = "written again from the head's copy";
    } else if (may_write) {
      ref.size = 0;
      changed = true;
      done = "the head does not mention it any more";
    }
    found(FsckProblem::manifest_missing, key, fmt::format("{} lists it", head), std::move(done));
  }
  if (const auto before = seen_.find(ref.id); before != seen_.end()) {
    if (before->second && may_write && ref.size != 0) {
      ref = *before->second;
      changed = true;
    }
    return {};
  }
  if (!there && !carries) return {};
  const ManifestId id = ref.id;
  seen_.emplace(id, std::nullopt);
  if (carries) {
    const Bytes bytes = ref.inlined;
    TRY(check_names(ref, bytes, is_signed, changed));
  } else {
    TRY_ASSIGN(const auto object, objects_.get(key, k_manifest_size_max, call()));
    // One that is damaged was found before.
    if (object && manifest_id(object->bytes) == id) {
      TRY(check_names(ref, object->bytes, is_signed, changed));
    }
  }
  if (changed && ref.size != 0) seen_[id] = ref;
  return {};
}

Result<void> Checker::check_names(ManifestRef& ref, ByteView bytes, bool is_signed, bool& changed) {
  auto manifest = decode_manifest(bytes);
  if (!manifest) {
    if (manifest.error().code == Code::unsupported) ++report_.newer;
    return {};
  }
  std::set<std::string> gone;
  for (const Entry& entry : manifest->entries) {
    if (entry.location.where == Location::Where::nowhere) continue;
    const std::string key = object_key(entry.record, entry.location);
    TRY_ASSIGN(const bool there, is_there(key));
    if (!there) gone.insert(key);
  }
  if (gone.empty()) return {};
  std::string done;
  const std::string key = manifest_key(domain_, ref.id);
  const std::size_t before = manifest->entries.size();
  std::erase_if(manifest->entries, [&](const Entry& entry) {
    return entry.location.where != Location::Where::nowhere &&
           gone.contains(object_key(entry.record, entry.location));
  });
  const std::size_t lost = before - manifest->entries.size();
  if (options_.repair && !is_signed && !manifest->signature.is_signed()) {
    changed = true;
    if (manifest->entries.empty()) {
      ref.size = 0;
    } else {
      TRY_ASSIGN(Bytes fresh, encode_manifest(*manifest));
      ref.id = manifest_id(fresh);
      ref.size = fresh.size();
      ref.records = manifest->entries.size();
      TRY(objects_.put(manifest_key(domain_, ref.id), Body(fresh), PutCondition::always(), call()));
      there_[manifest_key(domain_, ref.id)] = true;
      ref.inlined = fresh.size() <= k_inline_manifest_max && !ref.inlined.empty() ? std::move(fresh)
                                                                                  : Bytes();
    }
    done = fmt::format("the head lists one without these {} records", lost);
  }
  found(FsckProblem::blob_missing, key,
        fmt::format("{} of its {} records lead to what is gone: {}{}", lost, before, *gone.begin(),
                    gone.size() > 1 ? fmt::format(" and {} more", gone.size() - 1) : ""),
        std::move(done));
  return {};
}

// A job that writes the same head meanwhile keeps what it has written.
Result<void> Checker::write_head(const std::string& key, Head head, std::string etag,
                                 const std::map<ManifestId, std::optional<ManifestRef>>& changes) {
  for (int i = 0; i < k_head_repairs_max; ++i) {
    std::vector<ManifestRef> manifests;
    for (ManifestRef& ref : head.manifests) {
      const auto change = changes.find(ref.id);
      if (change == changes.end()) {
        manifests.push_back(std::move(ref));
      } else if (change->second) {
        manifests.push_back(*change->second);
      }
    }
    head.manifests = std::move(manifests);
    ++head.counter;
    TRY_ASSIGN(const Bytes bytes, encode_head(head));
    const PutCondition condition =
        objects_.capabilities().if_match ? PutCondition::match(etag) : PutCondition::always();
    TRY_ASSIGN(const PutResult put, objects_.put(key, Body(bytes), condition, call()));
    if (put.stored) return {};
    TRY_ASSIGN(auto object, objects_.get(key, k_head_size_max, call()));
    if (!object) return {};
    auto again = decode_head(object->bytes);
    if (!again) return {};
    head = std::move(*again);
    etag = std::move(object->etag);
  }
  return fail(Code::conflict,
              fmt::format("{}: jobs were faster {} times", key, k_head_repairs_max));
}

}  // namespace

std::string_view name_of(FsckProblem problem) {
  switch (problem) {
    case FsckProblem::damaged: return "damaged";
    case FsckProblem::etag: return "etag";
    case FsckProblem::head_damaged: return "head-damaged";
    case FsckProblem::manifest_missing: return "manifest-missing";
    case FsckProblem::blob_missing: return "blob-missing";
  }
  return "";
}

std::uint64_t FsckReport::wrong() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Result<FsckReport> check_domain_objects(Objects& objects, const std::string& domain,
                                        const FsckOptions& options) {
  if (!objects.capabilities().list) {
    return fail(Code::unsupported,
                fmt::format("{} cannot list: it is checked on its server", objects.describe()));
  }
  auto report = Checker(objects, domain, options).run();
  if (report) return report;
  return std::unexpected(std::move(report).error().in(fmt::format("check {}", domain)));
}

}  // namespace sluice::store
