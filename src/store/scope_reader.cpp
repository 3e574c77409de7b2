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

Result<std::optional<Head>> read_head(Objects& objects, const Trust& trust, const HeadSlot& slot,
                                      Deadline deadline) {
  const std::string key = head_key(slot.domain, slot.scope->name);
  TRY_ASSIGN(const auto object, objects.get(key, k_head_size_max, deadline));
  if (!object) return std::nullopt;
  TRY_ASSIGN(Head head, believe_head(trust, slot.domain, slot.scope->name, object->bytes));
  TRY(check_not_replayed(trust, key, head));
  return head;
}

std::string what(const ManifestId& id) { return fmt::format("manifest {}", id.short_hex()); }

// The manifest object; the copy that a head carried, where there is one.
Result<Bytes> manifest_bytes(Objects& objects, const ListedManifest& listed, Deadline deadline) {
  if (!listed.ref.inlined.empty()) return listed.ref.inlined;
  // As a range, which is given piece by piece: on a slow line each piece shows that it comes.
  Bytes bytes;
  TRY_ASSIGN(const bool found, objects.get_range(
                                   manifest_key(listed.domain, listed.ref.id), 0, listed.ref.size,
                                   [&bytes](ByteView piece) -> Result<void> {
                                     append(bytes, piece);
                                     return {};
                                   },
                                   deadline));
  if (!found) return fail(Code::not_found, "it is gone from the store");
  return bytes;
}

Result<Manifest> decode_listed(const Trust& trust, const ListedManifest& listed, ByteView bytes,
                               std::size_t records_max) {
  if (manifest_id(bytes) != listed.ref.id) {
    return fail(Code::corrupt, "it does not hash to its name");
  }
  return believe_manifest(trust, listed.domain, bytes, records_max);
}

// Records whose bytes lie in a domain that is not read: they are dropped. How many there were.
std::size_t drop_foreign(Manifest& manifest, const std::vector<std::string>& domains) {
  return std::erase_if(manifest.entries, [&](const Entry& entry) {
    return entry.location.where != Location::Where::nowhere &&
           std::ranges::find(domains, entry.location.domain) == domains.end();
  });
}

Error foreign_error(std::size_t count) {
  return {Code::denied,
          fmt::format("{} records point into trust domains that this job does not read", count)};
}

class Loader {
 public:
  Loader(Objects& objects, const Trust& trust, Deadline deadline)
      : objects_(objects), trust_(trust), deadline_(deadline) {}

  LoadedScopes load(const std::vector<Scope>& scopes) {
    ListedScopes listed = list_scopes(objects_, trust_, scopes, deadline_);
    loaded_.faults = std::move(listed.faults);
    // Best scope first, so that what goes beyond the bounds is what matters least.
    std::uint64_t bytes = 0;
    std::erase_if(listed.manifests, [&](const ListedManifest& one) {
      if (one.ref.size <= k_loaded_bytes_max - bytes) {
        bytes += one.ref.size;
        return false;
      }
      fault({Code::exhausted, "left out: more than a job reads"}, one.ref.id);
      return true;
    });
    std::vector<Result<Bytes>> read(listed.manifests.size(), Bytes());
    run_parallel(read.size(), k_scope_readers_max, [&](std::size_t i) {
      read[i] = manifest_bytes(objects_, listed.manifests[i], deadline_);
    });
    for (std::size_t i = 0; i < read.size(); ++i) {
      take(listed.manifests[i], std::exchange(read[i], Bytes()));
    }
    return std::move(loaded_);
  }

 private:
  void take(const ListedManifest& listed, Result<Bytes> bytes) {
    if (!bytes) return fault(std::move(bytes).error(), listed.ref.id);
    auto manifest = decode_listed(trust_, listed, *bytes, k_loaded_records_max - records_);
    if (!manifest) return fault(std::move(manifest).error(), listed.ref.id);
    const std::size_t foreign = drop_foreign(*manifest, trust_.domains);
    if (foreign > 0) fault(foreign_error(foreign), listed.ref.id);
    records_ += manifest->entries.size();
    loaded_.manifests.push_back({listed.from, std::move(*manifest), listed.ref.id});
  }

  void fault(Error error, const ManifestId& id) {
    loaded_.faults.push_back(std::move(error).in(what(id)));
  }

  Objects& objects_;
  const Trust& trust_;
  Deadline deadline_;
  std::size_t records_ = 0;
  LoadedScopes loaded_;
};

}  // namespace

ListedScopes list_scopes(Objects& objects, const Trust& trust, const std::vector<Scope>& scopes,
                         Deadline deadline) {
  std::vector<HeadSlot> heads;
  for (const Scope& scope : scopes) {
    for (const std::string& domain : trust.domains) {
      if (is_domain(domain)) heads.push_back({&scope, domain});
    }
  }
  run_parallel(heads.size(), k_scope_readers_max, [&](std::size_t i) {
    heads[i].head = read_head(objects, trust, heads[i], deadline);
  });
  ListedScopes listed;
  std::vector<const Head*> believed;
  for (const HeadSlot& slot : heads) {
    if (slot.head && *slot.head) believed.push_back(&**slot.head);
  }
  if (auto kept = remember_heads(trust, believed); !kept) {
    listed.faults.push_back(std::move(kept).error().in("remember heads"));
  }
  std::unordered_set<std::string> seen;
  for (HeadSlot& slot : heads) {
    if (!slot.head) {
      listed.faults.push_back(std::move(slot.head).error().in(
          fmt::format("head of {} {} in {}", name_of(slot.scope->kind), printable(slot.scope->name),
                      slot.domain)));
      continue;
    }
    if (!*slot.head) continue;
    for (ManifestRef& ref : (*slot.head)->manifests) {
      if (!seen.insert(manifest_key(slot.domain, ref.id)).second) continue;
      listed.manifests.push_back({slot.scope->kind, std::string(slot.domain), std::move(ref)});
    }
  }
  return listed;
}

Result<Manifest> load_manifest(Objects& objects, const Trust& trust, const ListedManifest& listed,
                               Deadline deadline) {
  const auto load = [&]() -> Result<Manifest> {
    TRY_ASSIGN(const Bytes bytes, manifest_bytes(objects, listed, deadline));
    TRY_ASSIGN(Manifest manifest, decode_listed(trust, listed, bytes, k_loaded_records_max));
    const std::size_t foreign = drop_foreign(manifest, trust.domains);
    if (foreign > 0) return std::unexpected(foreign_error(foreign));
    return manifest;
  };
  auto loaded = load();
  if (!loaded) return std::unexpected(std::move(loaded).error().in(what(listed.ref.id)));
  return loaded;
}

LoadedScopes load_scopes(Objects& objects, const Trust& trust, const std::vector<Scope>& scopes,
                         Deadline deadline) {
  return Loader(objects, trust, deadline).load(scopes);
}

}  // namespace sluice::store
