#include "agent/snapshot_restore.hpp"

#include "store/layout.hpp"
#include "store/parallel.hpp"
#include "sys/fd.hpp"
#include "sys/tree.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice::agent {

namespace {

using store::EntryType;
using store::SnapshotChunk;
using store::SnapshotEntry;
using store::SnapshotRoot;

constexpr std::string_view k_unfinished = ".sluice-restore-";
constexpr auto k_left_behind_after = std::chrono::hours(24);
constexpr std::uint32_t k_open_directory = 0700;  // while it is filled
constexpr std::uint32_t k_open_file = 0600;

std::string hidden_name(std::string_view purpose) {
  static std::atomic<unsigned> count = 0;
  return fmt::format("{}{}-{}{}", k_unfinished, ::getpid(), count++, purpose);
}

// What a killed restore left behind; what is younger may be somebody's who works.
void remove_left_behind(const sys::Path& directory) {
  std::vector<sys::Path> old;
  [[maybe_unused]] const auto then_it_stays =
      sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
        if (!name.starts_with(k_unfinished)) return {};
        TRY_ASSIGN(const auto info, sys::stat_file(directory / name, false));
        const auto age = std::chrono::nanoseconds(unix_now_ns() - (info ? info->changed_ns : 0));
        if (info && age > k_left_behind_after) old.push_back(directory / name);
        return {};
      });
  for (const sys::Path& path : old) {
    [[maybe_unused]] const auto then_it_stays_too = sys::remove_closed_tree(path);
  }
}

bool is_empty_directory(const sys::Path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) && std::filesystem::is_empty(path, error);
}

// One place on its way: the tree grows at `work`, and takes `target` at the end.
struct Growing {
  const SnapshotRoot* root = nullptr;
  sys::Path target;
  sys::Path work;
  std::vector<bool> is_left_out;  // as root->entries

  sys::Path path_of(const SnapshotEntry& entry) const {
    return entry.name.empty() ? work : work / entry.name;
  }
};

// A part of a bundle that belongs into a file.
struct Piece {
  std::uint32_t growing = 0;
  std::uint32_t entry = 0;
  std::uint64_t file_offset = 0;
  std::uint32_t chunk = 0;
};

class Restorer {
 public:
  Restorer(store::Objects& objects, const Snapshot& snapshot, const RestoreOptions& options,
           const SnapshotProgress& progress, Deadline deadline)
      : objects_(objects),
        snapshot_(snapshot),
        options_(options),
        progress_(progress),
        deadline_(deadline) {}
  ~Restorer() {
    for (const Growing& one : growing_) {
      [[maybe_unused]] const auto then_the_next_one_does = sys::remove_closed_tree(one.work);
    }
  }
  Restorer(const Restorer&) = delete;
  Restorer& operator=(const Restorer&) = delete;

  Result<RestoreReport> restore(const std::vector<SnapshotPlace>& places) {
    for (const SnapshotPlace& place : places) TRY(begin(place));
    for (std::size_t i = 0; i < growing_.size(); ++i) TRY(lay_out(i));
    TRY(fill());
    for (const Growing& one : growing_) TRY(finish(one));
    // Only now, when nothing can be missing any more.
    for (Growing& one : growing_) TRY(take_place(one));
    return std::move(report_);
  }

 private:
  Result<void> begin(const SnapshotPlace& place) {
    const auto root = std::ranges::find(snapshot_.tree.roots, place.text, &SnapshotRoot::path);
    if (root == snapshot_.tree.roots.end()) {
      std::string known;
      for (const SnapshotRoot& one : snapshot_.tree.roots) {
        known += (known.empty() ? "" : ", ") + one.path;
      }
      return fail(Code::invalid,
                  fmt::format("the snapshot has no path {}; it has {}", place.text, known));
    }
    std::error_code error;
    // Behind a link lies what is meant, and a rename would take the link away.
    const sys::Path target = std::filesystem::exists(place.path, error)
                                 ? std::filesystem::canonical(place.path, error)
                                 : place.path.lexically_normal();
    if (error) {
      return fail(Code::io, fmt::format("{}: {}", place.path.native(), error.message()));
    }
    const auto there = sys::stat_file(target, false);
    if (!there) return std::unexpected(there.error());
    if (*there && !options_.replaces && !is_empty_directory(target)) {
      report_.kept.push_back(place.text);
      return {};
    }
    const sys::Path parent = target.parent_path();
    TRY(sys::make_directories(parent));
    remove_left_behind(parent);
    Growing one{&*root, target, parent / hidden_name(""), {}};
    one.is_left_out = left_out(*root);
    growing_.push_back(std::move(one));
    return {};
  }

  // With a directory goes all below it.
  std::vector<bool> left_out(const SnapshotRoot& root) const {
    std::vector<bool> out(root.entries.size());
    if (options_.excludes.empty()) return out;
    std::string_view below;  // a directory that is left out
    for (std::size_t i = 1; i < root.entries.size(); ++i) {
      const SnapshotEntry& entry = root.entries[i];
      const bool is_below = !below.empty() && entry.name.size() > below.size() &&
                            entry.name.starts_with(below) && entry.name[below.size()] == '/';
      out[i] = is_below || is_excluded(entry.name, options_.excludes) ||
               (entry.type == EntryType::hard_link && out[entry.linked]);
      if (out[i] && !is_below && entry.type == EntryType::directory) below = entry.name;
    }
    return out;
  }

  // Directories, links, and files without content; the others are made by who writes them first,
  // so that bundles are asked for soon.
  Result<void> lay_out(std::size_t at) {
    const Growing& one = growing_[at];
    for (std::size_t i = 0; i < one.root->entries.size(); ++i) {
      const SnapshotEntry& entry = one.root->entries[i];
      if (one.is_left_out[i]) continue;
      const sys::Path path = one.path_of(entry);
      switch (entry.type) {
        case EntryType::directory:
          if (::mkdir(path.c_str(), k_open_directory) != 0) {
            return fail_errno(errno, "make " + path.native());
          }
          break;
        case EntryType::symlink:
          if (::symlink(entry.target.c_str(), path.c_str()) != 0) {
            return fail_errno(errno, "make the link " + path.native());
          }
          TRY(sys::touch_link(path, entry.mtime_ns));
          break;
        case EntryType::hard_link: break;  // when its file is there
        case EntryType::file: TRY(lay_out_file(at, i, path)); break;
      }
    }
    return {};
  }

  Result<void> lay_out_file(std::size_t at, std::size_t number, const sys::Path& path) {
    const SnapshotEntry& entry = growing_[at].root->entries[number];
    ++report_.files;
    report_.bytes += entry.size;
    for (const store::SnapshotExtent& extent : entry.extents) {
      const SnapshotChunk& chunk = snapshot_.tree.chunks[extent.chunk];
      if (pieces_.empty()) pieces_.resize(snapshot_.tree.bundles.size());
      pieces_[chunk.bundle].push_back({static_cast<std::uint32_t>(at),
                                       static_cast<std::uint32_t>(number), extent.offset,
                                       extent.chunk});
    }
    return entry.extents.empty() ? finish_file(entry, path) : Result<void>();
  }

  static Result<void> finish_file(const SnapshotEntry& entry, const sys::Path& path) {
    TRY_ASSIGN(const sys::Fd file, open_new(path, 0));
    if (::ftruncate(file.get(), static_cast<off_t>(entry.size)) != 0) {
      return fail_errno(errno, "make " + path.native());
    }
    auto set = sys::set_mode_and_time(file.get(), entry.mode, entry.mtime_ns);
    if (!set) return std::unexpected(std::move(set).error().in(path.native()));
    return {};
  }

  // Most files are one piece, or lie in one bundle: opened once, by one thread.
  bool is_written_at_once(const SnapshotEntry& entry) const {
    if (entry.extents.empty()) return false;
    const std::uint32_t bundle = snapshot_.tree.chunks[entry.extents.front().chunk].bundle;
    std::uint64_t end = 0;
    for (const store::SnapshotExtent& extent : entry.extents) {
      const SnapshotChunk& chunk = snapshot_.tree.chunks[extent.chunk];
      if (chunk.bundle != bundle || extent.offset != end) return false;
      end += chunk.size;
    }
    return end == entry.size;
  }

  static Result<sys::Fd> open_new(const sys::Path& path, int flags) {
    sys::Fd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, k_open_file));
    if (!file) return fail_errno(errno, "make " + path.native());
    return file;
  }

  Result<void> fill() {
    std::vector<std::uint32_t> wanted;
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].empty()) continue;
      wanted.push_back(i);
      total += snapshot_.bundles[i].location.stored_size;
    }
    std::mutex mutex;
    std::optional<Error> first_error;
    store::run_parallel(wanted.size(), k_snapshot_streams, [&](std::size_t at) {
      {
        const std::lock_guard lock(mutex);
        if (first_error) return;
      }
      auto done = fill_from(wanted[at]);
      const std::lock_guard lock(mutex);
      if (!done) {
        if (!first_error) first_error = std::move(done).error();
        return;
      }
      report_.bytes_down += snapshot_.bundles[wanted[at]].location.stored_size;
      if (progress_) progress_(report_.bytes_down, total);
    });
    if (first_error) return std::unexpected(*first_error);
    return {};
  }

  Result<void> fill_from(std::uint32_t number) {
    const auto fetched = snapshot_blob(objects_, snapshot_.bundles[number], deadline_);
    if (!fetched && fetched.error().code == Code::corrupt && options_.drops_damaged) {
      // Then the next save brings it again.
      const store::Entry& entry = snapshot_.bundles[number];
      [[maybe_unused]] const auto then_the_next_restore_does =
          objects_.remove(store::object_key(entry.record, entry.location), deadline_);
    }
    if (!fetched) return std::unexpected(of_store(fetched.error()));
    const std::vector<Piece>& pieces = pieces_[number];
    for (std::size_t from = 0; from < pieces.size();) {
      std::size_t to = from;
      while (to < pieces.size() && pieces[to].growing == pieces[from].growing &&
             pieces[to].entry == pieces[from].entry) {
        ++to;
      }
      TRY(write_pieces(*fetched, std::span(pieces).subspan(from, to - from)));
      from = to;
    }
    return {};
  }

  // All pieces of one file.
  Result<void> write_pieces(ByteView bundle, std::span<const Piece> pieces) {
    const Growing& one = growing_[pieces.front().growing];
    const SnapshotEntry& entry = one.root->entries[pieces.front().entry];
    const sys::Path path = one.path_of(entry);
    const bool is_whole = is_written_at_once(entry);
    TRY_ASSIGN(const sys::Fd file, open_new(path, is_whole ? O_EXCL : 0));
    for (const Piece& piece : pieces) {
      const SnapshotChunk& chunk = snapshot_.tree.chunks[piece.chunk];
      const ByteView bytes = bundle.subspan(static_cast<std::size_t>(chunk.offset),
                                            static_cast<std::size_t>(chunk.size));
      auto written = sys::write_all_at(file.get(), bytes, piece.file_offset);
      if (!written) return std::unexpected(std::move(written).error().in(path.native()));
    }
    if (!is_whole) return {};
    auto set = sys::set_mode_and_time(file.get(), entry.mode, entry.mtime_ns);
    if (!set) return std::unexpected(std::move(set).error().in(path.native()));
    return {};
  }

  // Hard links, and the attributes of what was written in several steps; directories last, the
  // inner ones first.
  Result<void> finish(const Growing& one) {
    const auto& entries = one.root->entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (one.is_left_out[i]) continue;
      const sys::Path path = one.path_of(entries[i]);
      if (entries[i].type == EntryType::hard_link) {
        const sys::Path file = one.path_of(entries[entries[i].linked]);
        if (::link(file.c_str(), path.c_str()) != 0) {
          return fail_errno(errno, "make the hard link " + path.native());
        }
      } else if (entries[i].type == EntryType::file && !entries[i].extents.empty() &&
                 !is_written_at_once(entries[i])) {
        TRY(finish_file(entries[i], path));
      }
    }
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (one.is_left_out[i] || entries[i].type != EntryType::directory) continue;
      TRY(sys::set_mode_and_time(one.path_of(entries[i]), entries[i].mode, entries[i].mtime_ns));
    }
    return {};
  }

  // What was there goes only when the new one is in its place.
  static Result<void> take_place(Growing& one) {
    TRY_ASSIGN(const auto there, sys::stat_file(one.target, false));
    if (!there) return rename_to(one.work, one.target);
    const auto exchanged = sys::exchange(one.work, one.target);
    if (exchanged) return {};  // the old one goes with `work`
    if (exchanged.error().code != Code::unsupported) return std::unexpected(exchanged.error());
    const sys::Path old = one.target.parent_path() / hidden_name("-old");
    TRY(rename_to(one.target, old));
    if (auto taken = rename_to(one.work, one.target); !taken) {
      TRY(rename_to(old, one.target));
      return taken;
    }
    one.work = old;
    return {};
  }

  static Result<void> rename_to(const sys::Path& from, const sys::Path& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return fail_errno(errno, fmt::format("rename {} to {}", from.native(), to.native()));
  }

  store::Objects& objects_;
  const Snapshot& snapshot_;
  const RestoreOptions& options_;
  const SnapshotProgress& progress_;
  Deadline deadline_;
  std::vector<Growing> growing_;
  std::vector<std::vector<Piece>> pieces_;  // by bundle
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> restore_snapshot(store::Objects& objects, const Snapshot& snapshot,
                                       const std::vector<SnapshotPlace>& places,
                                       const RestoreOptions& options,
                                       const SnapshotProgress& progress, Deadline deadline) {
  return Restorer(objects, snapshot, options, progress, deadline).restore(places);
}

}  // namespace sluice::agent
