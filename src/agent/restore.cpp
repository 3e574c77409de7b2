#include "agent/restore.hpp"

#include "agent/kind.hpp"
#include "gotool/kind.hpp"
#include "sys/file.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

namespace sluice::agent {
namespace {

// Go marks an entry as used by setting its times to now when they are older than an hour: restored
// entries get older times, so that what this job used can be told from what it was only given.
constexpr std::int64_t k_unused_age_ns = std::int64_t{2} * 3600 * 1'000'000'000;

struct Found {
  gotool::ActionEntry entry;
  gotool::LocalHit hit;
};

store::Kind kind_of_file(const gotool::LocalHit& hit) {
  if (hit.is_directory) return store::Kind::executable;
  const auto file = sys::open_if_exists(hit.disk_path);
  if (!file || !*file) return store::Kind::other;
  std::array<std::byte, gotool::k_classify_bytes> head{};
  const auto count = sys::read_at((*file)->get(), head, 0);
  if (!count) return store::Kind::other;
  return kind_of(gotool::classify(ByteView(head).first(*count)));
}

store::Record record_of(const Found& found) {
  store::Record record;
  record.action = found.entry.action;
  record.output = found.entry.output;
  record.size = found.entry.size;
  record.time_ns = found.entry.time_ns;
  record.kind = kind_of_file(found.hit);
  record.origin = store::Origin::made;
  record.name = found.hit.executable_name;
  return record;
}

}  // namespace

// Asks for everything of the index that is not in the tier, and waits; returns how many did not
// come before the deadline.
std::uint64_t Restorer::bring(const std::shared_ptr<const store::Index>& index, Deadline deadline) {
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t waiting = 0;
    std::uint64_t failed = 0;
  };
  // Shared: what comes after the deadline finds nobody waiting.
  const auto progress = std::make_shared<Progress>();
  const auto present = tier_.list_actions();
  for (const store::Entry* entry : index->in_use_order()) {
    if (entry->record.kind == store::Kind::link) continue;
    if (present && present->contains(entry->record.action)) continue;
    {
      const std::lock_guard lock(progress->mutex);
      ++progress->waiting;
    }
    fetcher_->want(index, *entry, [progress](const Result<void>& result) {
      const std::lock_guard lock(progress->mutex);
      if (!result) ++progress->failed;
      --progress->waiting;
      progress->changed.notify_all();
    });
  }
  std::unique_lock lock(progress->mutex);
  progress->changed.wait_until(lock, deadline.at(), [&] { return progress->waiting == 0; });
  return progress->failed + progress->waiting;
}

codec::Json Restorer::restore(Deadline deadline) {
  const auto index = keeper_ != nullptr ? keeper_->wait_fresh(deadline) : nullptr;
  if (!index || fetcher_ == nullptr) {
    return codec::JsonObject{{"restored", 0}, {"failed", 0}};
  }
  const std::uint64_t failed = bring(index, deadline);
  std::uint64_t restored = 0;
  const UnixNanos now = unix_now_ns();
  for (const store::Entry* entry : index->in_use_order()) {
    const std::string hex = entry->record.action.hex();
    const sys::Path file = tier_.directory() / hex.substr(0, 2) / (hex + "-a");
    const auto info = sys::stat_file(file);
    if (info && *info) ++restored;
    const bool looks_used = info && *info && (*info)->mtime_ns > now - k_unused_age_ns;
    // Go writes to the time of a file only when it is older than an hour. A file that cannot be
    // touched counts as used: it is published once more.
    if (looks_used) (void)sys::touch(file, now - k_unused_age_ns);
  }
  return codec::JsonObject{{"restored", restored}, {"failed", failed}};
}

codec::Json Restorer::save(UnixNanos since_ns, Uploader& uploader, Provenance& provenance,
                           FaultBook& faults) {
  std::vector<Found> found;
  const auto visited = tier_.visit_since(
      since_ns, [&found](const gotool::ActionEntry& entry, const gotool::LocalHit& hit) {
        found.push_back(Found{entry, hit});
        return Result<void>{};
      });
  if (!visited) faults.count("local-tier", visited.error().message);
  std::sort(found.begin(), found.end(), [](const Found& left, const Found& right) {
    return left.entry.time_ns < right.entry.time_ns;
  });
  const auto index = keeper_ != nullptr ? keeper_->current() : nullptr;
  std::uint64_t used = 0;
  std::uint64_t made = 0;
  for (const Found& one : found) {
    const store::Entry* entry = index ? index->find(one.entry.action) : nullptr;
    if (entry != nullptr && entry->record.output == one.entry.output) {
      store::Record record = entry->record;
      record.origin = store::Origin::received;
      uploader.used(record);
      ++used;
    } else if (provenance.has(one.entry.action, one.entry.output)) {
      uploader.made(record_of(one));  // by an earlier command; perhaps not uploaded yet
      ++used;
    } else if (one.entry.time_ns >= since_ns) {
      uploader.made(record_of(one));
      if (const auto kept = provenance.add(one.entry.action, one.entry.output); !kept) {
        faults.count("provenance", kept.error().message);
      }
      ++made;
    }
  }
  return codec::JsonObject{{"used", used}, {"made", made}};
}

}  // namespace sluice::agent
