#include "agent/restore.hpp"

#include "agent/kind.hpp"
#include "gotool/kind.hpp"
#include "sys/file.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::agent {
namespace {

// Go marks an entry as used by setting its times to now when they are older than an hour: restored
// entries get older times, so that what this job used can be told from what it was only given.
constexpr std::int64_t k_unused_age_ns = std::int64_t{2} * 3600 * 1'000'000'000;

constexpr auto k_wait_tick = std::chrono::milliseconds(50);

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

// What of the index is not in the tier, in order of use.
std::vector<const store::Entry*> Restorer::missing(const store::Index& index) const {
  std::vector<const store::Entry*> entries;
  const auto present = tier_.list_actions();
  for (const store::Entry* entry : index.in_use_order()) {
    if (!store::is_of_gos_cache(entry->record.kind)) continue;
    if (!present || !present->contains(entry->record.action)) entries.push_back(entry);
  }
  return entries;
}

// Brings everything of the index that is not in the tier, in few requests, and waits; returns how
// many did not come before the deadline. Another caller may replace what is to be brought ahead:
// then once more, as long as anything comes.
std::uint64_t Restorer::bring(const std::shared_ptr<const store::Index>& index, Deadline deadline,
                              const Patience::Wait& wait) {
  std::size_t before = 0;
  for (auto left = missing(*index); !left.empty(); left = missing(*index)) {
    if (left.size() == before || deadline.passed() || !wait.is_worth_it()) return left.size();
    before = left.size();
    for (const store::Entry* entry : left) {
      if (entry->record.kind == store::Kind::executable) fetcher_->want(index, *entry, nullptr);
    }
    fetcher_->bring_ahead(index, std::move(left));
    fetcher_->pause_ahead(false);
    while (!fetcher_->wait_idle(Deadline::after(k_wait_tick).sooner(deadline)) &&
           wait.is_worth_it() && !deadline.passed()) {
    }
  }
  return 0;
}

codec::Json Restorer::restore(Deadline deadline) {
  const Patience::Wait wait(patience_);
  const auto index = keeper_ != nullptr
                         ? keeper_->wait_fresh(deadline, [&wait] { return wait.is_worth_it(); })
                         : nullptr;
  if (!index || fetcher_ == nullptr) {
    return codec::JsonObject{{"restored", 0}, {"failed", 0}};
  }
  const std::uint64_t failed = bring(index, deadline, wait);
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
      uploader.used(entry->record);
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
