#include "gotool/collect.hpp"

#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "gotool/action_entry.hpp"
#include "gotool/cache_files.hpp"
#include "sys/process.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::gotool {
namespace {

constexpr UnixNanos k_second_ns = 1'000'000'000;
// A day, and the hour by which a mark of use may be late.
constexpr UnixNanos k_recent_ns = 24 * 3600 * k_second_ns + k_use_mark_interval_ns;
// A temporary file is abandoned when its writer is gone and it did not grow for so long, or, where
// the writer cannot be seen (another container), after a day.
constexpr UnixNanos k_temp_grace_ns = 900 * k_second_ns;
constexpr UnixNanos k_temp_age_max_ns = 24 * 3600 * k_second_ns;
constexpr std::chrono::hours k_age_limit_max{24 * 365 * 100};  // above it nothing is too old
constexpr std::uint64_t k_progress_every = 1024;               // removals
constexpr std::uint32_t k_no_blob = std::numeric_limits<std::uint32_t>::max();

struct Blob {
  BlobId id;
  UnixNanos mtime_ns = 0;
  std::uint64_t bytes = 0;
  std::uint32_t references = 0;
  bool is_there = false;
  bool is_directory = false;
};

// What is removed as one step, oldest first: an entry, or data that no entry names.
struct Item {
  UnixNanos mtime_ns = 0;
  ActionId action;
  std::uint64_t bytes = 0;  // of the entry; 0 for data alone
  std::uint32_t blob = k_no_blob;
  bool is_entry = false;
};

class Collector {
 public:
  Collector(const sys::Path& gocache, const CollectOptions& options,
            const std::function<void(const CollectProgress&)>& progress,
            const OnRemoved& on_removed)
      : prefix_(gocache.native() + "/"),
        options_(options),
        progress_(progress),
        on_removed_(on_removed) {}

  Result<CollectReport> run();

 private:
  void scan(unsigned index);
  void take_entry(const ActionId& action);
  void take_blob(const BlobId& id);
  void take_temporary(const std::string& name);
  std::uint32_t blob_index(const BlobId& id);
  void add_items_of_orphans();
  void remove_oldest();
  void drop(const Item& item, bool for_age);
  void drop_blob(const Blob& blob);
  void note_failure(const Error& error);
  bool unchanged(const std::string& name, UnixNanos mtime_ns);
  void count_removed(std::uint64_t bytes);
  void say() const;

  const std::string prefix_;
  const CollectOptions& options_;
  const std::function<void(const CollectProgress&)>& progress_;
  const OnRemoved& on_removed_;
  const UnixNanos now_ns_ = unix_now_ns();
  std::vector<Blob> blobs_;
  std::unordered_map<BlobId, std::uint32_t> blob_of_;
  std::vector<Item> items_;
  CollectReport report_;
  CollectProgress state_;
};

void Collector::say() const {
  if (progress_) progress_(state_);
}

std::uint32_t Collector::blob_index(const BlobId& id) {
  const auto [at, added] = blob_of_.try_emplace(id, static_cast<std::uint32_t>(blobs_.size()));
  if (added) blobs_.push_back(Blob{.id = id});
  return at->second;
}

void Collector::take_entry(const ActionId& action) {
  const std::string name = entry_name(prefix_, action.view(), 'a');
  const auto info = stat_name(name);
  if (!info) note_failure(info.error());
  if (!info || !*info || (*info)->is_directory) return;
  Item item{.mtime_ns = (*info)->mtime_ns,
            .action = action,
            .bytes = (*info)->allocated,
            .blob = k_no_blob,
            .is_entry = true};
  // A malformed entry is a miss for everybody: it ages like the others, without data.
  const auto text = sys::read_file(name, k_action_entry_size);
  if (text && *text) {
    if (const auto entry = decode_action_entry(action, text_of(**text))) {
      item.blob = blob_index(entry->output);
      ++blobs_[item.blob].references;
    }
  }
  ++report_.files_seen;
  ++report_.entries_before;
  report_.bytes_before += item.bytes;
  items_.push_back(item);
}

void Collector::take_blob(const BlobId& id) {
  const std::string name = entry_name(prefix_, id.view(), 'd');
  const auto info = stat_name(name);
  if (!info) note_failure(info.error());
  if (!info || !*info) return;
  Blob& blob = blobs_[blob_index(id)];
  blob.is_there = true;
  blob.is_directory = (*info)->is_directory;
  blob.mtime_ns = (*info)->mtime_ns;
  blob.bytes = (*info)->allocated;
  if (blob.is_directory) {
    const auto inner = only_file_in(name);
    const auto inner_info = inner ? stat_name(*inner) : std::nullopt;
    if (inner_info && *inner_info) blob.bytes += (*inner_info)->allocated;
  }
  ++report_.files_seen;
  report_.bytes_before += blob.bytes;
}

void Collector::take_temporary(const std::string& name) {
  const auto info = stat_name(name);
  if (!info || !*info) return;
  ++report_.files_seen;
  report_.bytes_before += (*info)->allocated;
  const UnixNanos age_ns = now_ns_ - (*info)->mtime_ns;
  const auto writer = temp_writer(std::string_view(name).substr(name.rfind('/') + 1));
  const bool is_dead = writer && !sys::process_exists(static_cast<pid_t>(*writer));
  if (age_ns < (is_dead ? k_temp_grace_ns : k_temp_age_max_ns)) return;
  if (!options_.dry_run) {
    if (const auto removed = sys::remove_tree(name); !removed) return note_failure(removed.error());
  }
  ++report_.temporary_removed;
  count_removed((*info)->allocated);
}

void Collector::note_failure(const Error& error) {
  if (++report_.failures == 1) report_.first_failure = error.message;
}

void Collector::scan(unsigned index) {
  const std::string directory = subdirectory_name(prefix_, index);
  std::vector<std::string> names;
  auto listed = sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    names.emplace_back(name);
    return {};
  });
  if (!listed && listed.error().code != Code::not_found) note_failure(listed.error());
  for (const std::string& name : names) {
    const std::string_view hex = std::string_view(name).substr(0, name.size() - 1);
    const bool has_dash = hex.ends_with('-');
    if (has_dash && name.back() == 'a') {
      if (const auto id = ActionId::from_hex(hex.substr(0, hex.size() - 1))) take_entry(*id);
    } else if (has_dash && name.back() == 'd') {
      if (const auto id = BlobId::from_hex(hex.substr(0, hex.size() - 1))) take_blob(*id);
    } else if (temp_writer(name)) {
      take_temporary(directory + "/" + name);
    }
  }
}

void Collector::add_items_of_orphans() {
  for (std::uint32_t i = 0; i < blobs_.size(); ++i) {
    if (!blobs_[i].is_there || blobs_[i].references > 0) continue;
    items_.push_back(
        {.mtime_ns = blobs_[i].mtime_ns, .action = {}, .bytes = 0, .blob = i, .is_entry = false});
  }
}

void Collector::count_removed(std::uint64_t bytes) {
  report_.bytes_removed += bytes;
  state_.bytes_removed = report_.bytes_removed;
  if ((report_.entries_removed + report_.blobs_removed) % k_progress_every == 0) say();
}

// Whoever used the file since the scan has renewed its mark: then it stays.
bool Collector::unchanged(const std::string& name, UnixNanos mtime_ns) {
  const auto info = stat_name(name);
  return info && *info && (*info)->mtime_ns == mtime_ns;
}

void Collector::drop_blob(const Blob& blob) {
  std::string name = entry_name(prefix_, blob.id.view(), 'd');
  if (!options_.dry_run) {
    if (!unchanged(name, blob.mtime_ns)) return;
    if (blob.is_directory) {
      // Out of sight at once, then removed: nobody meets half an executable.
      const std::string hidden = temp_name(name);
      if (std::rename(name.c_str(), hidden.c_str()) == 0) name = hidden;
    }
    const auto removed = blob.is_directory ? sys::remove_tree(name) : sys::remove_file(name);
    if (!removed) return note_failure(removed.error());
  }
  ++report_.blobs_removed;
  count_removed(blob.bytes);
}

void Collector::drop(const Item& item, bool for_age) {
  if (item.is_entry) {
    const std::string name = entry_name(prefix_, item.action.view(), 'a');
    if (!options_.dry_run) {
      if (!unchanged(name, item.mtime_ns)) return;
      if (const auto removed = sys::remove_file(name); !removed) {
        return note_failure(removed.error());
      }
      if (on_removed_) on_removed_(item.action, for_age);
    }
    ++report_.entries_removed;
    count_removed(item.bytes);
    if (item.blob == k_no_blob || --blobs_[item.blob].references > 0) return;
  }
  const Blob& blob = blobs_[item.blob];
  if (!blob.is_there) return;
  if (!options_.force && blob.mtime_ns > now_ns_ - k_recent_ns) return;
  drop_blob(blob);
}

void Collector::remove_oldest() {
  std::ranges::sort(items_, {}, &Item::mtime_ns);
  const UnixNanos recent_ns = now_ns_ - k_recent_ns;
  UnixNanos age_limit_ns = std::numeric_limits<UnixNanos>::min();
  if (options_.age_max && *options_.age_max < k_age_limit_max) {
    const auto age_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(*options_.age_max);
    age_limit_ns = now_ns_ - age_ns.count();
  }
  const std::uint64_t size_limit =
      options_.size_max.value_or(std::numeric_limits<std::uint64_t>::max());
  std::uint64_t kept_by_age = 0;
  for (const Item& item : items_) {
    const bool too_old = item.mtime_ns < age_limit_ns;
    const bool too_much = report_.bytes_before - report_.bytes_removed > size_limit;
    if (!too_old && !too_much) break;
    if (options_.force || item.mtime_ns <= recent_ns) {
      drop(item, too_old);
    } else if (too_old) {
      kept_by_age += item.bytes + (item.blob == k_no_blob ? 0 : blobs_[item.blob].bytes);
    } else {
      break;
    }
  }
  report_.bytes_after = report_.bytes_before - report_.bytes_removed;
  const std::uint64_t above =
      report_.bytes_after > size_limit ? report_.bytes_after - size_limit : 0;
  // Entries share outputs, and a kept one may be counted for each of them.
  report_.kept_recent_bytes = std::min(std::max(kept_by_age, above), report_.bytes_after);
}

Result<CollectReport> Collector::run() {
  for (unsigned i = 0; i < k_subdirectory_count; ++i) {
    scan(i);
    state_.directories_done = i + 1;
    state_.files_seen = report_.files_seen;
    say();
  }
  add_items_of_orphans();
  remove_oldest();
  say();
  return report_;
}

}  // namespace

Result<CollectReport> collect(const sys::Path& gocache, const CollectOptions& options,
                              const std::function<void(const CollectProgress&)>& progress,
                              const OnRemoved& on_removed) {
  TRY_ASSIGN(const auto info, sys::stat_file(gocache));
  if (!info) return CollectReport{};
  if (!info->is_directory()) return fail(Code::invalid, gocache.native() + ": not a directory");
  return Collector(gocache, options, progress, on_removed).run();
}

}  // namespace sluice::gotool
