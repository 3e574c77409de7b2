#include "store/gc_inventory.hpp"

#include "base/strings.hpp"
#include "codec/wire.hpp"
#include "store/envelope.hpp"
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/pack.hpp"
#include "store/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <compare>
#include <iterator>
#include <limits>
#include <utility>

namespace sluice::store {

namespace {

constexpr std::size_t k_chunk = 512;          // heads or manifests between two ticks
constexpr std::uint64_t k_decoded_ratio = 4;  // a decoded manifest's memory by its payload
constexpr std::size_t k_raw_size_at = 24;     // of a payload, in its envelope
constexpr std::string_view k_hex_digits = "0123456789abcdef";

Deadline call() { return Deadline::after(k_gc_call_max); }

// What decoding will take, by what the header says; decoding checks that it is true.
std::uint64_t decoding_weight(ByteView bytes) {
  if (bytes.size() < k_envelope_size) return 1;
  codec::WireReader reader(bytes.subspan(k_raw_size_at));
  return std::min(reader.u64(), k_manifest_raw_size_max) * k_decoded_ratio + bytes.size();
}

Result<void> list_pages(Objects& objects, const std::string& prefix, std::string after,
                        const std::function<void(ListPage)>& take) {
  for (;;) {
    TRY_ASSIGN(ListPage page, objects.list(prefix, after, k_list_page_max, call()));
    const bool more = page.more && !page.keys.empty();
    if (more) after = page.keys.back();
    take(std::move(page));
    if (!more) return {};
  }
}

template <class T>
void keep_each_once(std::vector<T>& all) {
  std::ranges::sort(all);
  const auto twice = std::ranges::unique(all);
  all.erase(twice.begin(), twice.end());
  all.shrink_to_fit();
}

// Where a blob lies in a pack.
struct InPack {
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;
  std::uint64_t stored_size = 0;

  auto operator<=>(const InPack&) const = default;
};

// Of each pack, ascending, what these blobs need of it, each counted once.
std::vector<std::uint32_t> needed_of_packs(std::vector<InPack>& blobs) {
  keep_each_once(blobs);
  constexpr std::uint64_t k_most = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> needed;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    if (i == 0 || blobs[i].pack != blobs[i - 1].pack) needed.push_back(0);
    needed.back() = static_cast<std::uint32_t>(
        std::min(k_most, needed.back() + blobs[i].stored_size + k_pack_row_size_min));
  }
  return needed;
}

}  // namespace

void WeightGate::run(std::uint64_t weight, const std::function<void()>& task) {
  weight = std::min(weight, capacity_);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return left_ >= weight; });
    left_ -= weight;
  }
  task();
  {
    const std::lock_guard lock(mutex_);
    left_ += weight;
  }
  changed_.notify_all();
}

Result<void> list_all(Objects& objects, const std::string& prefix, std::size_t at_once,
                      const std::function<void(std::string key, std::uint64_t size)>& take) {
  std::mutex mutex;
  const auto take_page = [&](ListPage page) {
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < page.keys.size(); ++i) {
      take(std::move(page.keys[i]), page.sizes[i]);
    }
  };
  TRY_ASSIGN(ListPage first, objects.list(prefix, "", k_list_page_max, call()));
  if (!first.more || at_once == 1) {
    std::string last = first.keys.empty() ? "" : first.keys.back();
    const bool more = first.more && !last.empty();
    take_page(std::move(first));
    return more ? list_pages(objects, prefix, std::move(last), take_page) : Result<void>{};
  }
  std::vector<Result<void>> done(k_hex_digits.size());
  run_parallel(done.size(), at_once, [&](std::size_t i) {
    done[i] = list_pages(objects, prefix + k_hex_digits[i], "", take_page);
  });
  for (auto& each : done) TRY(std::move(each));
  return {};
}

InventoryReader::InventoryReader(Objects& objects, std::string domain, const Trust& trust,
                                 std::size_t at_once, GcReport& report, Tick tick)
    : objects_(objects),
      domain_(std::move(domain)),
      trust_(trust),
      at_once_(at_once),
      report_(report),
      tick_(std::move(tick)) {}

Result<void> InventoryReader::list() {
  const std::string prefix = domain_prefix(domain_);
  std::uint64_t seen = 0;
  const auto take = [&](std::string key, std::uint64_t size) {
    ++seen;
    if (key.starts_with(prefix + "scopes/")) return listed_heads_.push_back(std::move(key));
    if (key.starts_with(prefix + "gc/candidates/")) {
      return candidate_lists_.push_back(std::move(key));
    }
    const auto name = object_name(domain_, key);
    if (!name) return;
    if (name->kind == ObjectKind::other) other_keys_.emplace(*name, std::move(key));
    inventory_.objects.push_back({*name, size});
    report_.found[static_cast<std::size_t>(name->kind)].add(size);
  };
  // The directories of the format: one after the other, each by several at once.
  for (const char* kind : {"blobs/", "doctor/", "gc/candidates/", "manifests/", "packs/"}) {
    TRY(list_all(objects_, prefix + kind, at_once_, take));
    TRY(tick_({GcStage::listing, seen, 0}));
  }
  TRY(list_all(objects_, prefix + "scopes/", at_once_, take));
  std::ranges::sort(inventory_.objects, {}, &GcObject::name);
  const auto again = std::ranges::unique(inventory_.objects, {}, &GcObject::name);
  inventory_.objects.erase(again.begin(), again.end());
  std::ranges::sort(listed_heads_);
  for (std::uint32_t i = 0; i < inventory_.objects.size(); ++i) {
    const ObjectName& name = inventory_.objects[i].name;
    if (name.kind != ObjectKind::manifest) continue;
    inventory_.manifests[number_of(ManifestId{name.id})].object = i;
  }
  return {};
}

std::string InventoryReader::key_of_object(std::uint32_t object) const {
  const ObjectName& name = inventory_.objects[object].name;
  const auto other = other_keys_.find(name);
  return other == other_keys_.end() ? key_of(domain_, name) : other->second;
}

std::uint32_t InventoryReader::number_of(const ManifestId& id) {
  const auto next = static_cast<std::uint32_t>(inventory_.manifests.size());
  const auto [at, is_new] = numbers_.try_emplace(id, next);
  if (is_new) {
    inventory_.manifests.push_back({.id = id});
    is_read_.push_back(false);
  }
  return at->second;
}

void InventoryReader::damaged(const std::string& what, const Error& error) {
  const std::lock_guard lock(mutex_);
  if (report_.damaged++ == 0) report_.first_damage = fmt::format("{}: {}", what, error.message);
}

Result<void> InventoryReader::read_heads() {
  for (std::size_t begin = 0; begin < listed_heads_.size(); begin += k_chunk) {
    const std::size_t count = std::min(k_chunk, listed_heads_.size() - begin);
    std::vector<Result<void>> done(count);
    run_parallel(count, at_once_, [&](std::size_t i) {
      done[i] = read_head(listed_heads_[begin + i], std::nullopt);
    });
    for (auto& each : done) TRY(std::move(each));
    TRY(tick_({GcStage::heads, begin + count, listed_heads_.size()}));
  }
  report_.heads = inventory_.heads.size();
  return {};
}

Result<void> InventoryReader::read_head_again(std::size_t head) {
  const std::string key = head_keys_[head];
  return read_head(key, head);
}

// One that is damaged or gone names nothing: no reader believes it.
Result<void> InventoryReader::read_head(const std::string& key, std::optional<std::size_t> again) {
  auto object = objects_.get(key, k_head_size_max, call());
  if (!object && object.error().code == Code::exhausted) {
    damaged(key, object.error());
    return {};
  }
  if (!object) return std::unexpected(std::move(object).error());
  if (!*object) return {};
  auto head = decode_head((*object)->bytes);
  if (!head && head.error().code == Code::unsupported) {
    return std::unexpected(std::move(head).error().in(key));
  }
  if (head && (head->domain != domain_ || head_key(domain_, head->scope_name) != key)) {
    head = fail(Code::corrupt, "it is the head of another scope");
  }
  if (!head) {
    damaged(key, head.error());
    return {};
  }
  GcHead facts;
  facts.scope = head->scope_name;
  facts.updated_ns = head->updated_ns;
  facts.is_fixed = is_fixed((*object)->bytes) || !check_not_replayed(trust_, key, *head);
  for (const ManifestRef& ref : head->manifests) {
    bool is_new = false;
    std::uint32_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = number_of(ref.id);
      is_new = !is_read_[number];
      const bool carries = !ref.inlined.empty() && manifest_id(ref.inlined) == ref.id;
      if (is_new && carries) is_read_[number] = true;
      is_new = is_new && carries;
    }
    if (is_new) TRY(take_manifest(number, ref.inlined));
    facts.manifests.push_back(number);
  }
  std::ranges::sort(facts.manifests);
  const auto twice = std::ranges::unique(facts.manifests);
  facts.manifests.erase(twice.begin(), twice.end());
  const std::lock_guard lock(mutex_);
  if (again) {
    inventory_.heads[*again] = std::move(facts);
    head_etags_[*again] = std::move((*object)->etag);
    return {};
  }
  inventory_.heads.push_back(std::move(facts));
  head_keys_.push_back(key);
  head_etags_.push_back(std::move((*object)->etag));
  return {};
}

// Signed, and not by one for whom this collector could sign anew.
bool InventoryReader::is_fixed(ByteView envelope) const {
  if (!signature_in(envelope).is_signed()) return false;
  return !trust_.key || !trust_.keys.check(envelope);
}

// Names of objects that were not listed are of no use: they cannot be candidates.
Result<void> InventoryReader::take_manifest(std::uint32_t number, ByteView bytes) {
  Result<void> taken;
  gate_.run(decoding_weight(bytes), [&] {
    const auto manifest = decode_manifest(bytes);
    if (!manifest || manifest->info.domain != domain_) {
      const Error error = manifest ? Error{Code::corrupt, "it was written in another trust domain"}
                                   : manifest.error();
      const std::string what = fmt::format("manifest {}", ManifestId{sha256(bytes)}.short_hex());
      if (error.code == Code::unsupported) taken = std::unexpected(Error(error).in(what));
      return damaged(what, error);
    }
    std::vector<std::uint32_t> names;
    std::vector<InPack> in_packs;
    for (const Entry& entry : manifest->entries) {
      const Location& location = entry.location;
      if (location.where == Location::Where::nowhere || location.domain != domain_) continue;
      const auto object = inventory_.find(object_name(entry.record.output, location));
      if (!object) continue;
      if (names.empty() || names.back() != *object) names.push_back(*object);
      if (location.where != Location::Where::pack) continue;
      in_packs.push_back({*object, location.offset, location.stored_size});
    }
    keep_each_once(names);
    std::vector<std::uint32_t> pack_bytes = needed_of_packs(in_packs);
    const bool fixed = is_fixed(bytes);
    const std::lock_guard lock(mutex_);
    inventory_.manifests[number].names = std::move(names);
    inventory_.manifests[number].pack_bytes = std::move(pack_bytes);
    inventory_.manifests[number].is_fixed = fixed;
  });
  return taken;
}

Result<void> InventoryReader::read_manifest(std::uint32_t number, bool is_named) {
  ManifestId id;
  {
    const std::lock_guard lock(mutex_);
    id = inventory_.manifests[number].id;
  }
  auto object = objects_.get(manifest_key(domain_, id), k_manifest_size_max, call());
  const std::string what = fmt::format("manifest {}", id.short_hex());
  if (!object && object.error().code == Code::exhausted) {
    damaged(what, object.error());
    return {};
  }
  if (!object) return std::unexpected(std::move(object).error());
  if (!*object) {
    const std::lock_guard lock(mutex_);
    if (is_named) ++report_.missing;
    return {};
  }
  if (manifest_id((*object)->bytes) != id) {
    damaged(what, {Code::corrupt, "it does not hash to its name"});
    return {};
  }
  return take_manifest(number, (*object)->bytes);
}

Result<void> InventoryReader::read_some(const std::vector<std::uint32_t>& numbers, bool are_named) {
  for (std::size_t begin = 0; begin < numbers.size(); begin += k_chunk) {
    const std::size_t count = std::min(k_chunk, numbers.size() - begin);
    std::vector<Result<void>> done(count);
    run_parallel(count, at_once_,
                 [&](std::size_t i) { done[i] = read_manifest(numbers[begin + i], are_named); });
    for (auto& each : done) TRY(std::move(each));
    for (std::size_t i = 0; i < count; ++i) is_read_[numbers[begin + i]] = true;
    TRY(tick_({GcStage::manifests, begin + count, numbers.size()}));
  }
  return {};
}

Result<void> InventoryReader::read_manifests(
    const std::function<bool(std::uint32_t object)>& is_wanted) {
  std::vector<bool> by_heads(inventory_.manifests.size());
  for (const GcHead& head : inventory_.heads) {
    for (const std::uint32_t manifest : head.manifests) by_heads[manifest] = true;
  }
  std::vector<std::uint32_t> named;
  std::vector<std::uint32_t> unnamed;
  report_.manifests = 0;
  for (std::uint32_t i = 0; i < inventory_.manifests.size(); ++i) {
    const GcManifest& manifest = inventory_.manifests[i];
    if (by_heads[i]) ++report_.manifests;
    if (is_read_[i]) continue;
    if (by_heads[i]) {
      named.push_back(i);
    } else if (manifest.object && is_wanted(*manifest.object)) {
      unnamed.push_back(i);
    }
  }
  TRY(read_some(named, true));
  return read_some(unnamed, false);
}

Result<std::vector<std::uint32_t>> InventoryReader::read_new_manifests() {
  std::vector<std::uint32_t> fresh;
  const auto take = [&](const std::string& key, std::uint64_t) {
    const auto name = object_name(domain_, key);
    if (!name || numbers_.contains(ManifestId{name->id})) return;
    fresh.push_back(number_of(ManifestId{name->id}));
  };
  TRY(list_all(objects_, domain_prefix(domain_) + "manifests/", at_once_, take));
  TRY(read_some(fresh, false));
  std::vector<std::uint32_t> names;
  for (const std::uint32_t number : fresh) {
    const auto& of_one = inventory_.manifests[number].names;
    names.insert(names.end(), of_one.begin(), of_one.end());
  }
  return names;
}

// False: it is gone or damaged, which the mark has counted if it was so then.
Result<bool> InventoryReader::visit_manifest(std::uint32_t number, const Visit& visit) {
  const ManifestId id = inventory_.manifests[number].id;
  auto object = objects_.get(manifest_key(domain_, id), k_manifest_size_max, call());
  if (!object && object.error().code == Code::exhausted) return false;
  if (!object) return std::unexpected(std::move(object).error());
  if (!*object || manifest_id((*object)->bytes) != id) return false;
  Result<bool> visited = false;
  gate_.run(decoding_weight((*object)->bytes), [&] {
    auto manifest = decode_manifest((*object)->bytes);
    if (!manifest || manifest->info.domain != domain_) return;
    const auto done = visit(number, std::move(*manifest));
    visited = done ? Result<bool>(true) : Result<bool>(std::unexpected(done.error()));
  });
  return visited;
}

Result<std::vector<std::uint32_t>> InventoryReader::visit_manifests(
    const std::vector<std::uint32_t>& numbers, GcStage stage, const Visit& visit) {
  std::vector<std::uint32_t> unread;
  for (std::size_t begin = 0; begin < numbers.size(); begin += k_chunk) {
    const std::size_t count = std::min(k_chunk, numbers.size() - begin);
    std::vector<Result<bool>> done(count, false);
    run_parallel(count, at_once_,
                 [&](std::size_t i) { done[i] = visit_manifest(numbers[begin + i], visit); });
    for (std::size_t i = 0; i < count; ++i) {
      TRY_ASSIGN(const bool visited, std::move(done[i]));
      if (!visited) unread.push_back(numbers[begin + i]);
    }
    TRY(tick_({stage, begin + count, numbers.size()}));
  }
  return unread;
}

}  // namespace sluice::store
