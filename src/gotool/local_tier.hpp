// The local tier: Go's own cache directory, read and written beside any number of running go
// commands.
//
// LocalTier holds paths and nothing else; several objects and processes may use one directory. Any
// thread. A Writer belongs to one thread. Sizes are bytes. Whatever is malformed, half there or
// gone is a miss; errors are those of the operating system, with the path, and after an error
// nothing is half-published: data (`-d`) appears whole by rename and before the entry (`-a`) that
// names it. Format and rules: docs/formats/local-tier.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/action_entry.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace sluice::gotool {

struct LocalHit {
  BlobId output;
  std::uint64_t size = 0;
  UnixNanos time_ns = 0;
  sys::Path disk_path;          // absolute; of the file itself, also for an executable
  bool is_directory = false;    // an executable: `-d` is a directory with this one file
  std::string executable_name;  // its name then
};

// Up to `size` bytes of it from `offset` on; none where they cannot be read, or of a directory.
Bytes part_of(const LocalHit& hit, std::uint64_t offset, std::size_t size);
// Its last bytes, as many as classify() wants (kind.hpp).
Bytes end_of(const LocalHit& hit);

struct PutDone {
  sys::Path disk_path;
  bool was_there = false;  // the same data was there already and was kept
};

class LocalTier {
 public:
  // Makes the directory, its 256 subdirectories and Go's README when absent; never trim.txt.
  static Result<LocalTier> open(const sys::Path& directory);
  // The same over another tier, which is only read: what is there and not here is verified, brought
  // here by a hard link (a copy where that cannot be) and found like what was here. With an empty
  // `below`, and where that one cannot be opened, there is only this one.
  static Result<LocalTier> open_over(const sys::Path& directory, const sys::Path& below);

  const sys::Path& directory() const { return directory_; }

  // Looks an action up, with its data present at the right size, and marks both as used now (their
  // modification times, when older than an hour), which keeps Go's trimming and `sluice gc` away.
  Result<std::optional<LocalHit>> find(const ActionId& action) const;

  // Data on its way in. Hashes while it writes, unless its caller does; nothing is visible before
  // commit(); dropped without commit() it leaves nothing behind.
  class Writer {
   public:
    ~Writer();
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;

    Result<void> write(ByteView bytes);  // Code::corrupt past the announced size
    // Publishes data and then entry. Code::corrupt when size or SHA-256 are not those announced.
    Result<PutDone> commit(const ActionId& action, UnixNanos time_ns);
    // Publishes the data alone, for an entry that link() writes later.
    Result<PutDone> commit_blob();

   private:
    friend class LocalTier;
    struct State;
    explicit Writer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  Result<Writer> begin(const BlobId& output, std::uint64_t size) const;
  // The same without the hash: the caller computes it on the way and commits only what is right.
  Result<Writer> begin_verified(const BlobId& output, std::uint64_t size) const;

  // The empty output, without a Writer: a third of all that go stores.
  Result<sys::Path> put_empty(const ActionId& action, UnixNanos time_ns) const;
  // A whole small body at once: the same checks and promises as begin, write, commit.
  Result<PutDone> put(const ActionId& action, const BlobId& output, ByteView body,
                      UnixNanos time_ns) const;
  // The entry alone; the caller knows that the data is there.
  Result<void> link(const ActionId& action, const BlobId& output, std::uint64_t size,
                    UnixNanos time_ns) const;
  // True when the data is there at this size; marks it as used.
  bool has_blob(const BlobId& output, std::uint64_t size) const;
  sys::Path blob_path(const BlobId& output) const;  // `…-d`, whether there or not
  // An executable in its directory form (`go run`, `go tool`), 0777 & ~umask, verified while
  // copied.
  Result<sys::Path> put_executable(const ActionId& action, const BlobId& output, std::uint64_t size,
                                   std::string_view name, const sys::Path& source_file,
                                   UnixNanos time_ns) const;

  // Every action that has an entry: names only, one pass over the directories.
  Result<std::unordered_set<ActionId>> list_actions() const;
  // Entries whose file was written or marked as used at or after `since_ns` and whose data is
  // there. Stops at the visitor's first error.
  using Visitor = std::function<Result<void>(const ActionEntry& entry, const LocalHit& hit)>;
  Result<void> visit_since(UnixNanos since_ns, const Visitor& visit) const;

 private:
  explicit LocalTier(sys::Path directory);
  Result<std::optional<LocalHit>> find_here(const ActionId& action) const;
  Result<Writer> begin(const BlobId& output, std::uint64_t size, bool caller_verifies) const;

  sys::Path directory_;
  std::string
      prefix_;  // directory_ with a slash: file names are built from it without allocation twice
  std::shared_ptr<const LocalTier> below_;
};

}  // namespace sluice::gotool
