#include "gotool/link_cache.hpp"

#include "base/subkey.hpp"
#include "codec/json.hpp"
#include "gotool/cache_files.hpp"
#include "gotool/tool_memo.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sluice::gotool {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr int k_info_version = 1;
constexpr std::string_view k_info_subkey = "link-info";
constexpr std::uint64_t k_info_bytes_max = 1U << 20U;
constexpr mode_t k_program_mode = 0775;  // outbufMode of cmd/link
constexpr std::size_t k_copy_piece = 1U << 20U;
constexpr std::string_view k_readme_name = "README";
constexpr std::string_view k_readme =
    "This directory holds programs that Go's linker made, kept by sluice within 2 GiB.\n"
    "Remove it to empty it. SLUICE_LINK_CACHE=off turns the link cache off.\n";
constexpr UnixNanos k_hit_slack_ns = 1'000'000'000;  // file systems round times
constexpr UnixNanos k_orphan_age_ns = UnixNanos{24} * 3600 * 1'000'000'000;

std::string info_text(const LinkInfo& info) {
  return Json(JsonObject{{"version", k_info_version},
                         {"link_us", static_cast<std::int64_t>(info.link_time.count())},
                         {"stdout", info.standard_output},
                         {"stderr", info.standard_error}})
             .dump() +
         "\n";
}

std::optional<LinkInfo> read_info(const sys::Path& file) {
  const auto bytes = sys::read_file(file, k_info_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  const auto json = codec::parse_json(text_of(**bytes));
  if (!json || json->int_or("version", 0) != k_info_version) return std::nullopt;
  return LinkInfo{std::chrono::microseconds(json->int_or("link_us", 0)),
                  json->text_or("stdout", ""), json->text_or("stderr", "")};
}

Result<sys::Fd> create_program(const sys::Path& target) {
  TRY_ASSIGN(const auto there, sys::stat_file(target, false));
  if (there && !there->is_regular()) {
    return fail(Code::conflict, target.native() + ": not a regular file");
  }
  TRY(sys::remove_file(target));
  sys::Fd fd(::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, k_program_mode));
  if (!fd) return fail_errno(errno, "create " + target.native());
  return fd;
}

// Copies and hashes in one pass; a file system that shares extents is only read.
Result<BlobId> copy_program(int from, int to) {
  const bool is_clone = ::ioctl(to, FICLONE, from) == 0;
  Bytes piece(k_copy_piece);
  Sha256 hash;
  for (;;) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(from, piece));
    if (count == 0) return hash.finish_as<BlobId>();
    hash.update(ByteView(piece).first(count));
    if (!is_clone) TRY(sys::write_all(to, ByteView(piece).first(count)));
  }
}

// One program of the cache, as the tidying sees it.
struct Kept {
  ActionEntry entry;
  UnixNanos used_ns = 0;
  bool was_hit() const { return used_ns > entry.time_ns + k_hit_slack_ns; }
  bool is_old(UnixNanos now_ns) const {
    const std::chrono::nanoseconds age_max = was_hit() ? k_link_used_age_max : k_link_new_age_max;
    return now_ns - used_ns > age_max.count();
  }
};

}  // namespace

Result<LinkCache> LinkCache::open(const sys::Path& directory) {
  TRY_ASSIGN(const auto there, sys::stat_file(directory / k_readme_name));
  if (!there) {
    TRY(sys::make_directories(directory, 0700));
    // Before the local tier's, which speaks of go clean.
    (void)sys::write_file_atomic(directory / k_readme_name, bytes_of(k_readme));
  }
  TRY_ASSIGN(LocalTier tier, LocalTier::open(directory));
  return LinkCache(std::move(tier));
}

sys::Path LinkCache::entry_path(const ActionId& action) const {
  return entry_name(tier_.directory().native() + "/", action.view(), 'a');
}

Result<std::optional<CachedLink>> LinkCache::find(const ActionId& key) const {
  TRY_ASSIGN(const auto info_hit, tier_.find(subkey(key, k_info_subkey)));
  if (!info_hit) return std::nullopt;
  auto info = read_info(info_hit->disk_path);
  if (!info) return std::nullopt;
  // Not LocalTier::find(): its marks of use would make every program one that was hit.
  TRY_ASSIGN(const auto bytes, sys::read_file(entry_path(key), k_action_entry_size));
  if (!bytes) return std::nullopt;
  const auto entry = decode_action_entry(key, text_of(*bytes));
  if (!entry) return std::nullopt;
  const sys::Path file = tier_.blob_path(entry->output);
  TRY_ASSIGN(const auto there, sys::stat_file(file));
  if (!there || there->size != entry->size) return std::nullopt;
  return CachedLink{key, entry->output, entry->size, file, std::move(*info)};
}

Result<void> LinkCache::place(const CachedLink& link, const sys::Path& target) const {
  TRY_ASSIGN(const sys::Fd from, sys::open_read(link.file));
  TRY_ASSIGN(const sys::Fd to, create_program(target));
  auto digest = copy_program(from.get(), to.get());
  if (digest && *digest == link.output) {
    (void)sys::touch(entry_path(link.key), unix_now_ns());  // at worst it is forgotten sooner
    return {};
  }
  TRY(sys::remove_file(target));
  if (!digest) return std::unexpected(std::move(digest).error());
  TRY(sys::remove_file(entry_path(link.key)));
  TRY(sys::remove_file(link.file));
  return fail(Code::corrupt, "link cache: a program was damaged: " + link.file.native());
}

Result<std::optional<LocalTier::Writer>> LinkCache::begin_verified(const ActionId& key,
                                                                   const LinkInfo& info,
                                                                   const BlobId& output,
                                                                   std::uint64_t size) const {
  if (size > k_link_cache_new_bytes_max) return std::nullopt;
  TRY_ASSIGN(const std::uint64_t space, sys::free_space(tier_.directory()));
  if (space < size + k_link_free_bytes_min) return std::nullopt;
  const std::string text = info_text(info);
  TRY(tier_.put(subkey(key, k_info_subkey), sha256_as<BlobId>(bytes_of(text)), bytes_of(text),
                unix_now_ns()));
  return tier_.begin_verified(output, size);
}

Result<bool> LinkCache::put(const ActionId& key, const LinkInfo& info,
                            const sys::Path& file) const {
  TRY_ASSIGN(const auto there, sys::stat_file(file));
  if (!there || !there->is_regular() || there->size == 0) {
    return fail(Code::not_found, file.native() + ": the linker made no file");
  }
  TRY_ASSIGN(const BlobId output, digest_of_file(file));
  // Hashed just now; whoever changes it meanwhile is found out when the program is placed.
  TRY_ASSIGN(auto writer, begin_verified(key, info, output, there->size));
  if (!writer) return false;
  TRY_ASSIGN(const sys::Fd fd, sys::open_read(file));
  Bytes piece(k_copy_piece);
  for (;;) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(fd.get(), piece));
    if (count == 0) break;
    TRY(writer->write(ByteView(piece).first(count)));
  }
  TRY(writer->commit(key, unix_now_ns()));
  return true;
}

// One pass over the directory.
class LinkCache::Trimmer {
 public:
  explicit Trimmer(const LinkCache& cache) : cache_(cache) {}

  Result<std::uint64_t> run(std::uint64_t bytes_max, std::uint64_t new_bytes_max) {
    TRY(scan());
    std::vector<const Kept*> left;
    for (const Kept& one : kept_) {
      const bool is_one_new_too_many =
          !one.was_hit() && bytes_ > bytes_max && new_bytes_ > new_bytes_max;
      if (one.is_old(now_ns_) || is_one_new_too_many) {
        TRY(remove(one));
      } else {
        left.push_back(&one);
      }
    }
    // Those that were hit are what is too much now; new ones only where nothing else is left.
    for (const bool was_hit : {true, false}) {
      for (const Kept* one : left) {
        if (bytes_ > bytes_max && one->was_hit() == was_hit) TRY(remove(*one));
      }
    }
    TRY(remove_orphans());
    return removed_;
  }

 private:
  Result<void> scan() {
    std::vector<ActionEntry> entries;
    TRY(cache_.tier_.visit_since(0, [&](const ActionEntry& entry, const LocalHit&) -> Result<void> {
      ++named_[entry.output];
      entries.push_back(entry);
      return {};
    }));
    for (const ActionEntry& entry : entries) outputs_[entry.action] = entry.output;
    std::unordered_set<ActionId> infos;
    for (const ActionEntry& entry : entries) infos.insert(subkey(entry.action, k_info_subkey));
    for (const ActionEntry& entry : entries) {
      if (infos.contains(entry.action)) continue;  // goes with its program
      const auto there = sys::stat_file(cache_.entry_path(entry.action));
      if (!there || !*there) continue;
      kept_.push_back({entry, (*there)->mtime_ns});
      bytes_ += entry.size;
      if (!kept_.back().was_hit()) new_bytes_ += entry.size;
    }
    std::ranges::sort(kept_, {}, &Kept::used_ns);
    return {};
  }

  Result<void> remove(const Kept& one) {
    TRY(remove_entry(one.entry.action));
    TRY(remove_entry(subkey(one.entry.action, k_info_subkey)));
    bytes_ -= one.entry.size;
    if (!one.was_hit()) new_bytes_ -= one.entry.size;
    removed_ += one.entry.size;
    return {};
  }

  Result<void> remove_entry(const ActionId& action) {
    const auto at = outputs_.find(action);
    if (at == outputs_.end()) return {};
    TRY(sys::remove_file(cache_.entry_path(action)));
    if (--named_[at->second] > 0) return {};
    return sys::remove_file(cache_.tier_.blob_path(at->second));
  }

  // Programs whose writer was killed before it wrote their entry.
  Result<void> remove_orphans() const {
    const std::string prefix = cache_.tier_.directory().native() + "/";
    for (unsigned i = 0; i < k_subdirectory_count; ++i) {
      const sys::Path directory = subdirectory_name(prefix, i);
      auto listed = sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
        if (!name.ends_with("-d")) return {};
        const auto blob = BlobId::from_hex(name.substr(0, name.size() - 2));
        if (blob && named_.contains(*blob)) return {};
        const auto there = sys::stat_file(directory / name);
        const bool is_old = there && *there && now_ns_ - (*there)->mtime_ns > k_orphan_age_ns;
        return is_old ? sys::remove_file(directory / name) : Result<void>();
      });
      if (!listed && listed.error().code != Code::not_found) return listed;
    }
    return {};
  }

  const LinkCache& cache_;
  const UnixNanos now_ns_ = unix_now_ns();
  std::vector<Kept> kept_;                         // programs, the longest unused first
  std::unordered_map<ActionId, BlobId> outputs_;   // of programs and infos
  std::unordered_map<BlobId, std::size_t> named_;  // by how many entries
  std::uint64_t bytes_ = 0;
  std::uint64_t new_bytes_ = 0;
  std::uint64_t removed_ = 0;
};

Result<std::optional<std::uint64_t>> LinkCache::trim(std::uint64_t bytes_max,
                                                     std::uint64_t new_bytes_max) const {
  TRY_ASSIGN(const auto lock, sys::FileLock::try_acquire(tier_.directory() / "trim.lock"));
  if (!lock) return std::nullopt;
  TRY_ASSIGN(const std::uint64_t removed, Trimmer(*this).run(bytes_max, new_bytes_max));
  return removed;
}

}  // namespace sluice::gotool
