// Where events wait until somebody moves them into the database: one file a writer.
//
// Appending never waits and never locks; several processes may append to one spool. Any thread.
// Errors are those of the file system, and nobody's build depends on them. Format:
// docs/formats/journal.md.
#pragma once

#include "base/result.hpp"
#include "journal/event.hpp"
#include "sys/file.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::journal {

inline constexpr std::uint64_t k_spool_bytes_max = 64U << 20U;
inline constexpr std::string_view k_spool_suffix = ".events";
// Nobody has appended for so long: whoever wrote it is gone.
inline constexpr UnixNanos k_spool_silent_ns = UnixNanos{3600} * 1'000'000'000;
// The same where the command's process has ended without a word; what go had started then may
// still have something to say.
inline constexpr UnixNanos k_spool_orphan_silent_ns = UnixNanos{3} * 1'000'000'000;

// <journal>/spool/<id>.events; an id that is no single path element is Code::invalid.
Result<sys::Path> spool_file(const sys::Path& journal, std::string_view id);

// One write. Makes the directories when they are not there. Code::exhausted when the spool is full.
Result<void> append(const sys::Path& journal, std::string_view id, std::span<const Event> events);

struct Spool {
  sys::Path file;
  std::string id;
};
// Every spool there, oldest first; nothing where there is none.
std::vector<Spool> spools(const sys::Path& journal);
// Whether all that will be in it is there: the last event ends it, or it is silent (for longer
// while its command's process may live).
bool is_ended(const Spool& spool, const std::vector<Event>& events);

}  // namespace sluice::journal
