#include "store/scope_reader.hpp"

#include "base/strings.hpp"
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

namespace sluice::store {

namespace {

// One head to read: a scope in one trust domain.
struct HeadSlot {
  const Scope* scope = nullptr;
  std::string_view domain;
  Result<std::optional<Head>> head = std::nullopt;
};

struct ManifestSlot {
  ScopeKind from = ScopeKind::commit;
  std::string domain;
  ManifestRef ref;
  Result<Bytes> bytes = Bytes();
};

Result<std::optional<Head>> read_head(Objects& objects, const HeadSlot& slot, Deadline deadline) {
  TRY_ASSIGN(const auto object,
             objects.get(head_key(slot.domain, slot.scope->name), k_head_size_max, deadline));
  if (!object) return std::nullopt;
  TRY_ASSIGN(Head head, decode_head(object->bytes));
  if (head.domain != slot.domain || head.scope_name != slot.scope->name) {
    return fail(Code::corrupt, "it is the head of another scope");
  }
  return head;
}

Result<Bytes> read_manifest(Objects& objects, const ManifestSlot& slot, Deadline deadline) {
  // As a range, which is given piece by piece: on a slow line each piece shows that it comes.
  Bytes bytes;
  TRY_ASSIGN(const bool found, objects.get_range(
                                   manifest_key(slot.domain, slot.ref.id), 0, slot.ref.size,
                                   [&bytes](ByteView piece) -> Result<void> {
                                     append(bytes, piece);
                                     return {};
                                   },
                                   deadline));
  if (!found) return fail(Code::not_found, "it is gone from the store");
  return bytes;
}

class Loader {
 public:
  Loader(Objects& objects, const std::vector<std::string>& domains, Deadline deadline)
      : objects_(objects), domains_(domains), deadline_(deadline) {}

  LoadedScopes load(const std::vector<Scope>& scopes) {
    read_heads(scopes);
    read_missing();
    for (ManifestSlot& slot : manifests_) take(slot);
    return std::move(loaded_);
  }

 private:
  void read_heads(const std::vector<Scope>& scopes) {
    for (const Scope& scope : scopes) {
      for (const std::string& domain : domains_) {
        if (is_domain(domain)) heads_.push_back({&scope, domain});
      }
    }
    run_parallel(heads_.size(), k_scope_readers_max, [&](std::size_t i) {
      heads_[i].head = read_head(objects_, heads_[i], deadline_);
    });
    for (HeadSlot& slot : heads_) {
      if (!slot.head) {
        fault(std::move(slot.head).error(),
              fmt::format("head of {} {} in {}", name_of(slot.scope->kind),
                          printable(slot.scope->name), slot.domain));
      } else if (*slot.head) {
        choose(slot, std::move(**slot.head));
      }
    }
  }

  // Best scope first, so that what goes beyond the bounds is what matters least.
  void choose(const HeadSlot& slot, Head head) {
    for (ManifestRef& ref : head.manifests) {
      if (!seen_.insert(manifest_key(slot.domain, ref.id)).second) continue;
      if (ref.size > k_loaded_bytes_max - bytes_) {
        fault({Code::exhausted, "left out: more than a job reads"}, what(ref.id));
        continue;
      }
      bytes_ += ref.size;
      manifests_.push_back({slot.scope->kind, std::string(slot.domain), std::move(ref)});
    }
  }

  void read_missing() {
    std::vector<ManifestSlot*> missing;
    for (ManifestSlot& slot : manifests_) {
      if (slot.ref.inlined.empty()) {
        missing.push_back(&slot);
      } else {
        slot.bytes = std::move(slot.ref.inlined);
      }
    }
    run_parallel(missing.size(), k_scope_readers_max, [&](std::size_t i) {
      missing[i]->bytes = read_manifest(objects_, *missing[i], deadline_);
    });
  }

  void take(ManifestSlot& slot) {
    auto manifest = decode(slot);
    slot.bytes = Bytes();
    if (!manifest) return fault(std::move(manifest).error(), what(slot.ref.id));
    const auto foreign = std::erase_if(manifest->entries, [&](const Entry& entry) {
      return entry.location.where != Location::Where::nowhere &&
             std::ranges::find(domains_, entry.location.domain) == domains_.end();
    });
    if (foreign > 0) {
      fault({Code::denied, fmt::format("{} records point into trust domains that this job does not "
                                       "read",
                                       foreign)},
            what(slot.ref.id));
    }
    records_ += manifest->entries.size();
    loaded_.manifests.push_back({slot.from, std::move(*manifest), slot.ref.id});
  }

  Result<Manifest> decode(const ManifestSlot& slot) const {
    if (!slot.bytes) return std::unexpected(slot.bytes.error());
    const Bytes& bytes = *slot.bytes;
    if (manifest_id(bytes) != slot.ref.id) {
      return fail(Code::corrupt, "it does not hash to its name");
    }
    TRY_ASSIGN(Manifest manifest, decode_manifest(bytes, k_loaded_records_max - records_));
    if (manifest.info.domain != slot.domain) {
      return fail(Code::denied, fmt::format("it was written in the trust domain {}, not in {}",
                                            manifest.info.domain, slot.domain));
    }
    return manifest;
  }

  static std::string what(const ManifestId& id) {
    return fmt::format("manifest {}", id.short_hex());
  }
  void fault(Error error, std::string_view context) {
    loaded_.faults.push_back(std::move(error).in(context));
  }

  Objects& objects_;
  const std::vector<std::string>& domains_;
  Deadline deadline_;
  std::vector<HeadSlot> heads_;
  std::vector<ManifestSlot> manifests_;
  std::unordered_set<std::string> seen_;
  std::uint64_t bytes_ = 0;
  std::size_t records_ = 0;
  LoadedScopes loaded_;
};

}  // namespace

LoadedScopes load_scopes(Objects& objects, const std::vector<std::string>& read_domains,
                         const std::vector<Scope>& scopes, Deadline deadline) {
  return Loader(objects, read_domains, deadline).load(scopes);
}

}  // namespace sluice::store
