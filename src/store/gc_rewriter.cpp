#include "store/gc_rewriter.hpp"

#include "store/fetch.hpp"
#include "store/gc_guard.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"
#include "store/publisher.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

constexpr std::size_t k_heads_between_ticks = 64;

Deadline call() { return Deadline::after(k_gc_call_max); }

// Every small blob into packs, none alone.
PublishOptions into_packs(const std::string& domain) {
  PublishOptions options;
  options.domain = domain;
  options.alone_bytes_min = std::numeric_limits<std::uint64_t>::max();
  return options;
}

// Keeps what comes of one pack.
class Buffers final : public BatchSink {
 public:
  Result<codec::ByteSink> open(const Entry& entry) override {
    Bytes& buffer = bytes_of_[&entry];
    return codec::ByteSink([&buffer](ByteView piece) -> Result<void> {
      append(buffer, piece);
      return {};
    });
  }
  void done(const Entry& /*entry*/, Result<void> result) override {
    if (!result) is_whole_ = false;
  }
  const Bytes& of(const Entry& entry) { return bytes_of_[&entry]; }
  bool is_whole() const { return is_whole_; }

 private:
  std::unordered_map<const Entry*, Bytes> bytes_of_;
  bool is_whole_ = true;
};

class Rewriter {
 public:
  Rewriter(Objects& objects, const std::string& domain, const GcOptions& options,
           InventoryReader& reader, const RewriteTurn& turn, GcRewriting& report)
      : objects_(objects),
        domain_(domain),
        options_(options),
        reader_(reader),
        turn_(turn),
        report_(report),
        publisher_(objects, into_packs(domain), nullptr) {}

  Result<void> run();

 private:
  Result<void> make_plan(const std::vector<std::uint32_t>& thin);
  void count(const Manifest& manifest, const std::vector<std::uint32_t>& thin);
  Result<void> copy_packs();
  Result<bool> copy_pack(std::uint32_t pack);
  Result<void> write_manifests();
  Result<void> write_manifest(std::uint32_t number, Manifest manifest);
  Result<void> write_heads();
  const GcInventory& inventory() const { return reader_.inventory(); }

  Objects& objects_;
  const std::string& domain_;
  const GcOptions& options_;
  InventoryReader& reader_;
  const RewriteTurn& turn_;
  GcRewriting& report_;
  Publisher publisher_;
  GcLiveBlobs live_;
  GcRewritePlan plan_;
  std::vector<std::uint32_t> copied_;  // of the plan's packs, ascending
  std::mutex mutex_;                   // what follows, and live_, while several work
  Successors successors_;
};

Result<void> Rewriter::run() {
  const unsigned live_percent = options_.policy.pack_live_percent;
  if (live_percent == 0) return {};
  const auto thin = thin_packs(inventory(), live_percent);
  if (thin.empty()) return {};
  TRY(make_plan(thin));
  report_.packs = plan_.thin;
  report_.live_bytes = plan_.live_bytes;
  if (plan_.packs.empty()) return {};
  report_.is_unconditional = !objects_.capabilities().if_match;
  if (options_.dry_run || report_.is_unconditional) {
    report_.manifests = plan_.manifests.size();
    return {};
  }
  TRY(copy_packs());
  TRY(write_manifests());
  // From here on the new manifests keep what they name; what may be gone before that is not named.
  TRY_ASSIGN(const auto unsafe, unsafe_objects(objects_, domain_, publisher_.own(), call()));
  report_.is_postponed = !unsafe.empty();
  return report_.is_postponed ? Result<void>{} : write_heads();
}

Result<void> Rewriter::make_plan(const std::vector<std::uint32_t>& thin) {
  const auto naming = manifests_naming(inventory(), thin);
  TRY_ASSIGN(const auto unread,
             reader_.visit_manifests(
                 naming, GcStage::counting,
                 [&](std::uint32_t /*number*/, const Manifest& manifest) -> Result<void> {
                   count(manifest, thin);
                   return {};
                 }));
  plan_ = plan_rewriting(inventory(), thin, live_, unread, options_.policy.pack_live_percent);
  return {};
}

void Rewriter::count(const Manifest& manifest, const std::vector<std::uint32_t>& thin) {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : manifest.entries) {
    const Location& location = entry.location;
    if (location.where != Location::Where::pack || location.domain != domain_) continue;
    const auto pack = inventory().find(object_name(entry.record.output, location));
    if (!pack || !std::ranges::binary_search(thin, *pack)) continue;
    live_.add({*pack, location.offset, location.stored_size, entry.record.size, entry.record.output,
               location.encoding});
  }
}

// Those that turn out to be faulty stay as they are.
Result<void> Rewriter::copy_packs() {
  std::uint64_t done = 0;
  for (const std::uint32_t pack : plan_.packs) {
    TRY_ASSIGN(const bool is_copied, copy_pack(pack));
    if (is_copied) {
      copied_.push_back(pack);
    } else {
      const std::uint64_t size = inventory().objects[pack].size;
      --report_.packs.rewritten.objects;
      report_.packs.rewritten.bytes -= size;
      report_.packs.faulty.add(size);
    }
    TRY(turn_.tick({GcStage::copying, ++done, plan_.packs.size()}));
  }
  TRY(publisher_.flush(call()));
  for (const auto& [name, was_there] : publisher_.own()) {
    TRY_ASSIGN(const auto info, objects_.head(key_of(domain_, name), call()));
    if (info) report_.written.add(info->size);
  }
  return {};
}

Result<bool> Rewriter::copy_pack(std::uint32_t pack) {
  const auto blobs = std::ranges::equal_range(live_.all(), pack, {}, &GcLiveBlob::pack);
  std::vector<Entry> entries;
  for (const GcLiveBlob& blob : blobs) {
    if (publisher_.location_of(blob.blob) != nullptr) continue;
    Entry entry;
    entry.record.output = blob.blob;
    entry.record.size = blob.size;
    entry.location = {Location::Where::pack, PackId{inventory().objects[pack].name.id},
                      blob.offset,           blob.stored_size,
                      blob.encoding,         domain_};
    entries.push_back(std::move(entry));
  }
  std::vector<const Entry*> wanted;
  for (const Entry& entry : entries) wanted.push_back(&entry);
  Buffers buffers;
  TRY(fetch_batch(objects_, wanted, buffers, call()));
  if (!buffers.is_whole()) return false;
  for (const Entry& entry : entries) {
    TRY(publisher_.add_bytes(entry.record, buffers.of(entry), call()));
  }
  return true;
}

Result<void> Rewriter::write_manifests() {
  TRY_ASSIGN(const auto unread,
             reader_.visit_manifests(plan_.manifests, GcStage::rewriting_manifests,
                                     [this](std::uint32_t number, Manifest manifest) {
                                       return write_manifest(number, std::move(manifest));
                                     }));
  report_.manifests = successors_.size();
  return {};
}

// The same records at other places.
Result<void> Rewriter::write_manifest(std::uint32_t number, Manifest manifest) {
  bool is_changed = false;
  for (Entry& entry : manifest.entries) {
    Location& location = entry.location;
    if (location.where != Location::Where::pack || location.domain != domain_) continue;
    const auto pack = inventory().find(object_name(entry.record.output, location));
    if (!pack || !std::ranges::binary_search(copied_, *pack)) continue;
    const Location* copy = publisher_.location_of(entry.record.output);
    if (copy == nullptr) continue;  // named since, by nobody that was counted
    location = *copy;
    is_changed = true;
  }
  if (!is_changed) return {};
  const bool is_signed = manifest.signature.is_signed();
  TRY_ASSIGN(const Bytes bytes,
             put_manifest(objects_, domain_, manifest,
                          is_signed ? options_.trust.key.get() : nullptr, call()));
  ManifestRef ref;
  ref.id = manifest_id(bytes);
  ref.size = bytes.size();
  ref.created_ns = manifest.info.created_ns;
  ref.records = manifest.entries.size();
  const std::lock_guard lock(mutex_);
  successors_.emplace(inventory().manifests[number].id, std::move(ref));
  return {};
}

Result<void> Rewriter::write_heads() {
  std::vector<const GcHead*> heads;
  for (const GcHead& head : inventory().heads) {
    if (head.drop != GcDrop::kept) continue;
    const bool lists_one = std::ranges::any_of(head.manifests, [&](std::uint32_t manifest) {
      return successors_.contains(inventory().manifests[manifest].id);
    });
    if (lists_one) heads.push_back(&head);
  }
  for (std::size_t begin = 0; begin < heads.size(); begin += k_heads_between_ticks) {
    TRY(turn_.tick({GcStage::rewriting_heads, begin, heads.size()}));
    const std::size_t count = std::min(k_heads_between_ticks, heads.size() - begin);
    std::vector<Result<Succession>> done(count, Succession::none);
    run_parallel(count, options_.at_once, [&](std::size_t i) {
      done[i] = replace_manifests(objects_, domain_, heads[begin + i]->scope, successors_,
                                  turn_.may_write, call(), options_.trust);
    });
    for (auto& each : done) {
      TRY_ASSIGN(const Succession became, std::move(each));
      if (became == Succession::written) ++report_.heads;
      if (became == Succession::left) ++report_.heads_left;
    }
  }
  return {};
}

}  // namespace

Result<void> rewrite_packs(Objects& objects, const std::string& domain, const GcOptions& options,
                           InventoryReader& reader, const RewriteTurn& turn, GcRewriting& report) {
  auto rewritten = Rewriter(objects, domain, options, reader, turn, report).run();
  if (rewritten) return {};
  return std::unexpected(std::move(rewritten).error().in("rewrite packs that are mostly dead"));
}

}  // namespace sluice::store
