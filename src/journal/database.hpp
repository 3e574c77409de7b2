// The journal's database: opening it, moving spools into it, keeping it within its bounds, merging.
//
// A Database owns its connection and, when it may write, the one lock that lets it; it belongs to
// one thread at a time. Format: docs/formats/journal.md. Nothing here is needed by a build: every
// error may be passed over. Code::unavailable: somebody else is writing and the deadline passed.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "journal/event.hpp"
#include "journal/known_inputs.hpp"
#include "journal/sqlite.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::journal {

inline constexpr std::uint64_t k_journal_bytes_max = 256U << 20U;
inline constexpr std::int64_t k_journal_age_max_us = std::int64_t{30} * 24 * 3600 * 1'000'000;
// What a command that nobody else reads for leaves lying about.
inline constexpr std::size_t k_spools_unread_max = 32;

class Database {
 public:
  // Creates what is missing. One that is damaged or of a later version is set aside.
  static Result<Database> open_to_write(const sys::Path& journal, Deadline deadline);
  // Nothing when there is none. Code::corrupt and Code::unsupported: it has to be set aside.
  static Result<std::optional<Database>> open_to_read(const sys::Path& journal);

  // What was set aside when it was opened, in one line; empty when nothing was.
  const std::string& note() const { return note_; }
  Connection& connection() { return connection_; }

  // Moves every ended spool into the database; the number moved. What cannot be read is lost.
  Result<std::size_t> read_spools();
  // What another machine has told, unless `blob` names what was added before.
  Result<void> add_known(const KnownInputs& known, const BlobId& blob);
  Result<bool> has_added(const BlobId& blob);
  // Removes the oldest commands past the bounds, and what nobody refers to.
  Result<void> trim(std::int64_t now_us, std::uint64_t bytes_max = k_journal_bytes_max);
  // Adds the commands of another machine's journal that are not here; the number added.
  Result<std::size_t> merge(const sys::Path& other);

 private:
  Database(Connection connection, sys::Path journal)
      : connection_(std::move(connection)), journal_(std::move(journal)) {}
  static Result<Database> open_file(const sys::Path& journal);
  Result<bool> read_spool(const sys::Path& file, std::string_view name);
  Result<bool> is_rest_of_a_command(const sys::Path& file, std::string_view name,
                                    const std::vector<Event>& events);

  std::optional<sys::FileLock> lock_;
  Connection connection_;
  sys::Path journal_;
  std::string note_;
};

sys::Path database_file(const sys::Path& journal);
// Spools are read first, as far as nobody else does that; then what there is. Nothing: no journal.
// `note` says what was set aside.
Result<std::optional<Database>> open_current(const sys::Path& journal, Deadline deadline,
                                             std::string& note);

inline constexpr std::size_t k_build_key_bytes = 15;
// The 15 bytes of go's 20 characters; nothing when they are none.
std::optional<Bytes> build_key(std::string_view build_id);
std::string build_id_of(ByteView key);
std::string build_id_of(const ActionId& action);

}  // namespace sluice::journal
