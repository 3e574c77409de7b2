#include "agent/snapshot_save.hpp"

#include "base/glob.hpp"
#include "codec/chunker.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"
#include "sys/fd.hpp"
#include "sys/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace sluice::agent {

namespace {

using store::EntryType;
using store::SnapshotBundle;
using store::SnapshotChunk;
using store::SnapshotEntry;
using store::SnapshotExtent;
using store::SnapshotRoot;
using store::SnapshotTree;

constexpr std::size_t k_looks_at_once = 16;
// Of a bundle of which the last snapshot needed less, nothing is referred to again.
constexpr std::uint64_t k_live_share_min = 2;  // one in so many bytes

// Adds one root of the source.
Result<void> read_place(const SnapshotPlace& place, const std::vector<std::string>& excludes,
                        SnapshotSource& source) {
  auto walked = sys::walk_tree(
      place.path, [&](std::string_view name, bool) { return !is_excluded(name, excludes); });
  if (!walked && walked.error().code == Code::not_found) {
    return fail(Code::invalid, fmt::format("{}: nothing is there", place.path.native()));
  }
  TRY_ASSIGN(auto items, std::move(walked));
  SnapshotRoot root{place.text, {}};
  std::vector<bool> holes;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> twins;
  for (sys::TreeItem& item : items) {
    SnapshotEntry entry{.name = std::move(item.name), .mode = item.mode, .mtime_ns = item.mtime_ns};
    switch (item.type) {
      case sys::TreeItemType::other: ++source.specials; continue;
      case sys::TreeItemType::directory: entry.type = EntryType::directory; break;
      case sys::TreeItemType::symlink:
        entry.type = EntryType::symlink;
        entry.mode = 0;
        entry.target = std::move(item.target);
        break;
      case sys::TreeItemType::file: {
        const auto number = static_cast<std::uint32_t>(root.entries.size());
        const auto twin = item.links > 1
                              ? twins.try_emplace({item.device, item.inode}, number).first->second
                              : number;
        if (twin != number) {
          entry = {.name = std::move(entry.name), .type = EntryType::hard_link, .linked = twin};
          break;
        }
        entry.size = item.size;
        source.bytes += item.size;
        ++source.files;
        break;
      }
    }
    root.entries.push_back(std::move(entry));
    holes.push_back(item.has_holes);
  }
  if (root.entries.empty()) {
    return fail(Code::invalid, fmt::format("{} is no directory and no file", place.path.native()));
  }
  source.roots.push_back(std::move(root));
  source.holes.push_back(std::move(holes));
  source.places.push_back(place);
  return {};
}

// A part of a file that one thread reads at once.
struct Segment {
  std::size_t root = 0;
  std::size_t entry = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct Batch {
  std::vector<Segment> segments;
  std::vector<std::vector<SnapshotExtent>> extents;  // as segments, when it is done
};

std::vector<Batch> batches_of(const SnapshotSource& source) {
  std::vector<Batch> batches(1);
  std::uint64_t bytes = 0;
  const auto add = [&](const Segment& segment) {
    if (bytes > 0 && bytes + segment.size > k_snapshot_batch) {
      batches.emplace_back();
      bytes = 0;
    }
    bytes += segment.size;
    batches.back().segments.push_back(segment);
  };
  for (std::size_t r = 0; r < source.roots.size(); ++r) {
    const auto& entries = source.roots[r].entries;
    for (std::size_t e = 0; e < entries.size(); ++e) {
      if (entries[e].type != EntryType::file) continue;
      for (std::uint64_t at = 0; at < entries[e].size; at += k_snapshot_segment) {
        add({r, e, at, std::min(k_snapshot_segment, entries[e].size - at)});
      }
    }
  }
  for (Batch& batch : batches) batch.extents.resize(batch.segments.size());
  return batches;
}

// The chunks that are known, by what is in them. Any thread.
class Chunks {
 public:
  // Of `before` those in bundles that are there.
  Chunks(const Snapshot* before, const std::vector<bool>& is_there) {
    if (before == nullptr) return;
    const SnapshotTree& tree = before->tree;
    std::vector<std::uint64_t> live(tree.bundles.size());
    for (const SnapshotChunk& chunk : tree.chunks) live[chunk.bundle] += chunk.size;
    bundles_ = tree.bundles;
    for (const SnapshotChunk& chunk : tree.chunks) {
      if (!is_there[chunk.bundle]) continue;
      if (live[chunk.bundle] < tree.bundles[chunk.bundle].size / k_live_share_min) continue;
      const auto number = static_cast<std::uint32_t>(chunks_.size());
      if (known_.try_emplace(chunk.id, number).second) chunks_.push_back(chunk);
    }
  }

  struct Claim {
    std::uint32_t number = 0;
    bool is_new = false;  // the claimer brings it
  };
  Claim claim(const BlobId& id, std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    const auto number = static_cast<std::uint32_t>(chunks_.size());
    const auto [at, is_new] = known_.try_emplace(id, number);
    if (is_new) chunks_.push_back({id, 0, 0, size});
    return {at->second, is_new};
  }

  // New chunks, in the order in which they lie in a new bundle.
  void place(const SnapshotBundle& bundle, const std::vector<std::uint32_t>& numbers) {
    const std::lock_guard lock(mutex_);
    const auto at = static_cast<std::uint32_t>(bundles_.size());
    bundles_.push_back(bundle);
    std::uint64_t offset = 0;
    for (const std::uint32_t number : numbers) {
      chunks_[number].bundle = at;
      chunks_[number].offset = offset;
      offset += chunks_[number].size;
    }
  }

  // The tree with these roots, chunks and bundles in the order of their first use, those without
  // use left out: the same files give the same bytes.
  SnapshotTree tree_of(std::vector<SnapshotRoot> roots) const {
    SnapshotTree tree;
    std::unordered_map<std::uint32_t, std::uint32_t> chunk_numbers;
    std::unordered_map<std::uint32_t, std::uint32_t> bundle_numbers;
    for (SnapshotRoot& root : roots) {
      for (SnapshotEntry& entry : root.entries) {
        for (SnapshotExtent& extent : entry.extents) {
          const auto [at, is_new] = chunk_numbers.try_emplace(
              extent.chunk, static_cast<std::uint32_t>(tree.chunks.size()));
          if (is_new) add_chunk(tree, extent.chunk, bundle_numbers);
          extent.chunk = at->second;
        }
      }
    }
    tree.roots = std::move(roots);
    return tree;
  }

 private:
  void add_chunk(SnapshotTree& tree, std::uint32_t number,
                 std::unordered_map<std::uint32_t, std::uint32_t>& bundle_numbers) const {
    SnapshotChunk chunk = chunks_[number];
    const auto [at, is_new] =
        bundle_numbers.try_emplace(chunk.bundle, static_cast<std::uint32_t>(tree.bundles.size()));
    if (is_new) tree.bundles.push_back(bundles_[chunk.bundle]);
    chunk.bundle = at->second;
    tree.chunks.push_back(chunk);
  }

  std::mutex mutex_;
  std::vector<SnapshotBundle> bundles_;
  std::vector<SnapshotChunk> chunks_;
  std::unordered_map<BlobId, std::uint32_t> known_;
};

// A collector may have been too early, and a key may have been kept for long. What cannot be asked
// is taken to be there.
std::vector<bool> bundles_there(store::Objects& objects, const Snapshot* before,
                                Deadline deadline) {
  if (before == nullptr) return {};
  const auto& bundles = before->bundles;
  std::vector<std::string> keys;
  keys.reserve(bundles.size());
  for (const store::Entry& bundle : bundles) {
    keys.push_back(store::object_key(bundle.record, bundle.location));
  }
  std::map<std::string, bool> is_there;
  for (const std::string& key : keys) is_there.emplace(key, true);
  std::vector<std::pair<const std::string, bool>*> asked;
  for (auto& one : is_there) asked.push_back(&one);
  store::run_parallel(asked.size(), k_looks_at_once, [&](std::size_t i) {
    const auto info = objects.head(asked[i]->first, deadline);
    if (info && !*info) asked[i]->second = false;
  });
  std::vector<bool> there;
  there.reserve(keys.size());
  for (const std::string& key : keys) there.push_back(is_there[key]);
  return there;
}

store::Record bundle_record(const SnapshotBundle& bundle, UnixNanos now_ns) {
  store::Record record;
  record.action = store::snapshot_bundle_action(bundle.id);
  record.output = bundle.id;
  record.size = bundle.size;
  record.kind = store::Kind::snapshot_bundle;
  record.time_ns = now_ns;
  return record;
}

template <typename T>
Result<T> from_store(Result<T> result) {
  if (result) return result;
  return std::unexpected(of_store(std::move(result).error()));
}

// One thread's work: it reads, cuts, names, and uploads the bundles that it fills.
class Packer {
 public:
  Packer(store::Objects& objects, const store::PublishOptions& options,
         const SnapshotSource& source, Chunks& chunks, Deadline deadline)
      : source_(source),
        chunks_(chunks),
        deadline_(deadline),
        publisher_(objects, options, nullptr) {}

  Result<void> pack(Batch& batch) {
    for (std::size_t i = 0; i < batch.segments.size(); ++i) {
      TRY(pack_segment(batch.segments[i], batch.extents[i]));
    }
    return {};
  }

  Result<void> finish() {
    TRY(flush());
    return from_store(publisher_.flush(deadline_));
  }

  const store::Publisher& publisher() const { return publisher_; }
  std::uint64_t bytes_new() const { return bytes_new_; }
  std::size_t bundles_new() const { return bundles_new_; }

 private:
  Result<void> pack_segment(const Segment& segment, std::vector<SnapshotExtent>& extents) {
    const SnapshotEntry& entry = source_.roots[segment.root].entries[segment.entry];
    const sys::Path& root = source_.places[segment.root].path;
    const sys::Path path = entry.name.empty() ? root : root / entry.name;
    TRY_ASSIGN(const sys::Fd file, sys::open_read(path));
    std::vector<sys::FileRange> ranges = {{segment.offset, segment.size}};
    if (source_.holes[segment.root][segment.entry]) {
      TRY_ASSIGN(ranges, sys::data_ranges(file.get(), segment.offset, segment.size));
    }
    for (const sys::FileRange& range : ranges) {
      buffer_.resize(static_cast<std::size_t>(range.size));
      auto count = sys::read_at(file.get(), buffer_, range.offset);
      if (!count) return std::unexpected(std::move(count).error().in(path.native()));
      // What it lost since it was looked at becomes a hole.
      const ByteView bytes = ByteView(buffer_).first(*count);
      TRY(cut(bytes, range.offset, entry.size <= k_snapshot_whole_max, extents));
    }
    return {};
  }

  Result<void> cut(ByteView bytes, std::uint64_t offset, bool is_whole,
                   std::vector<SnapshotExtent>& extents) {
    while (!bytes.empty()) {
      const std::size_t length = is_whole ? bytes.size() : codec::chunk_length(bytes);
      const ByteView chunk = bytes.first(length);
      const Chunks::Claim claim = chunks_.claim(sha256_as<BlobId>(chunk), length);
      if (claim.is_new) {
        append(bundle_, chunk);
        numbers_.push_back(claim.number);
        bytes_new_ += length;
      }
      extents.push_back({offset, claim.number});
      offset += length;
      bytes = bytes.subspan(length);
      if (bundle_.size() >= k_snapshot_bundle_target) TRY(flush());
    }
    return {};
  }

  Result<void> flush() {
    if (bundle_.empty()) return {};
    const SnapshotBundle bundle{sha256_as<BlobId>(bundle_), bundle_.size()};
    TRY(from_store(publisher_.add_bytes(bundle_record(bundle, unix_now_ns()), bundle_, deadline_)));
    chunks_.place(bundle, numbers_);
    ++bundles_new_;
    bundle_.clear();
    numbers_.clear();
    return {};
  }

  const SnapshotSource& source_;
  Chunks& chunks_;
  Deadline deadline_;
  store::Publisher publisher_;
  Bytes buffer_;
  Bytes bundle_;
  std::vector<std::uint32_t> numbers_;
  std::uint64_t bytes_new_ = 0;
  std::size_t bundles_new_ = 0;
};

class Saver {
 public:
  Saver(store::Objects& objects, SnapshotSource source, const Snapshot* before,
        const SaveOptions& options, const SnapshotProgress& progress, Deadline deadline)
      : objects_(objects),
        source_(std::move(source)),
        before_(before),
        options_(options),
        progress_(progress),
        deadline_(deadline),
        is_there_(bundles_there(objects, before, deadline)),
        chunks_(before, is_there_) {
    publishing_.domain = options.domain;
    publishing_.refer_domains = options.trust.domains;
    publishing_.trust = options.trust;
    publishing_.compression = k_snapshot_compression;
    auto known = std::make_shared<store::Index>();
    if (before != nullptr) {
      store::Manifest manifest;
      for (std::size_t i = 0; i < before->bundles.size(); ++i) {
        if (is_there_[i]) manifest.entries.push_back(before->bundles[i]);
      }
      manifest.entries.push_back(before->tree_entry);
      known->add(std::move(manifest), store::ScopeKind::commit);
    }
    known_ = std::move(known);
  }

  Result<SaveReport> save() {
    std::vector<Batch> batches = batches_of(source_);
    TRY(pack_all(batches));
    for (Batch& batch : batches) {
      for (std::size_t i = 0; i < batch.segments.size(); ++i) {
        const Segment& segment = batch.segments[i];
        auto& extents = source_.roots[segment.root].entries[segment.entry].extents;
        extents.insert(extents.end(), batch.extents[i].begin(), batch.extents[i].end());
      }
    }
    const SnapshotTree tree = chunks_.tree_of(std::move(source_.roots));
    TRY_ASSIGN(const Bytes bytes, store::encode_snapshot_tree(tree));
    const auto tree_id = sha256_as<BlobId>(bytes);
    report_.is_unchanged = before_ != nullptr && before_->tree_entry.record.output == tree_id;
    TRY(publish(tree, tree_id, bytes));
    return std::move(report_);
  }

 private:
  Result<void> pack_all(std::vector<Batch>& batches) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::optional<Error> first_error;
    std::vector<std::unique_ptr<Packer>> packers;
    for (unsigned i = 0; i < std::max(options_.threads, 1U); ++i) {
      packers.push_back(
          std::make_unique<Packer>(objects_, publishing_, source_, chunks_, deadline_));
    }
    const auto work = [&](std::size_t number) {
      Packer& packer = *packers[number];
      Result<void> done;
      while (done) {
        const std::size_t at = next++;
        done = at < batches.size() ? packer.pack(batches[at]) : packer.finish();
        const std::lock_guard lock(mutex);
        if (!done && !first_error) first_error = done.error();
        if (at >= batches.size() || first_error) return;
        for (const Segment& segment : batches[at].segments) done_bytes_ += segment.size;
        if (progress_) progress_(done_bytes_, source_.bytes);
      }
    };
    store::run_parallel(packers.size(), packers.size(), work);
    if (first_error) return std::unexpected(*first_error);
    publisher_.emplace(objects_, publishing_, known_);
    for (const auto& packer : packers) {
      publisher_->adopt(packer->publisher());
      report_.bytes_new += packer->bytes_new();
      report_.bundles_new += packer->bundles_new();
    }
    return {};
  }

  Result<void> publish(const SnapshotTree& tree, const BlobId& tree_id, ByteView tree_bytes) {
    const UnixNanos now_ns = unix_now_ns();
    std::vector<store::Record> records(1);
    records.front().action = store::snapshot_tree_action();
    records.front().output = tree_id;
    records.front().size = tree_bytes.size();
    records.front().kind = store::Kind::snapshot_tree;
    records.front().time_ns = now_ns;
    for (const SnapshotBundle& bundle : tree.bundles) {
      records.push_back(bundle_record(bundle, now_ns));
    }
    TRY(from_store(publisher_->add_bytes(records.front(), tree_bytes, deadline_)));
    TRY(from_store(publisher_->flush(deadline_)));
    TRY_ASSIGN(const auto published,
               from_store(publisher_->publish(options_.info, records, options_.scopes, deadline_)));
    if (!published || published->manifest.entries.size() != records.size()) {
      return fail(Code::unavailable, "a part of the snapshot has no place in the store");
    }
    report_.bytes_up = publisher_->report().bytes_up;
    report_.faults = publisher_->report().faults;
    return {};
  }

  store::Objects& objects_;
  SnapshotSource source_;
  const Snapshot* before_;
  const SaveOptions& options_;
  const SnapshotProgress& progress_;
  Deadline deadline_;
  const std::vector<bool> is_there_;  // as before_->bundles
  Chunks chunks_;
  store::PublishOptions publishing_;
  std::shared_ptr<const store::Index> known_;
  std::optional<store::Publisher> publisher_;
  std::uint64_t done_bytes_ = 0;
  SaveReport report_;
};

}  // namespace

bool is_excluded(std::string_view name, const std::vector<std::string>& excludes) {
  return std::ranges::any_of(excludes, [name](const std::string& pattern) {
    const bool is_path = pattern.find('/') != std::string::npos;
    return matches_glob(is_path ? name : name.substr(name.rfind('/') + 1), pattern);
  });
}

Result<SnapshotSource> read_source(const std::vector<SnapshotPlace>& places,
                                   const std::vector<std::string>& excludes) {
  SnapshotSource source;
  for (const SnapshotPlace& place : places) TRY(read_place(place, excludes, source));
  return source;
}

Result<SaveReport> save_snapshot(store::Objects& objects, SnapshotSource source,
                                 const Snapshot* before, const SaveOptions& options,
                                 const SnapshotProgress& progress, Deadline deadline) {
  return Saver(objects, std::move(source), before, options, progress, deadline).save();
}

}  // namespace sluice::agent
