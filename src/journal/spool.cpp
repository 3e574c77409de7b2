#include "journal/spool.hpp"

#include "base/deadline.hpp"
#include "sys/process_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::journal {

Result<sys::Path> spool_file(const sys::Path& journal, std::string_view id) {
  if (id.empty() || id.front() == '.' || id.find('/') != std::string_view::npos) {
    return fail(Code::invalid, fmt::format("journal: {} cannot name a spool", id));
  }
  return journal / "spool" / fmt::format("{}{}", id, k_spool_suffix);
}

Result<void> append(const sys::Path& journal, std::string_view id, std::span<const Event> events) {
  TRY_ASSIGN(const sys::Path file, spool_file(journal, id));
  const Bytes bytes = encode(events);
  if (bytes.empty()) return {};
  TRY_ASSIGN(const auto info, sys::stat_file(file, false));
  if (info && info->size + bytes.size() > k_spool_bytes_max) {
    return fail(Code::exhausted, fmt::format("journal: {} is full", file.native()));
  }
  if (!info) {
    TRY(sys::make_private_directory(journal));
    TRY(sys::make_private_directory(file.parent_path()));
  }
  return sys::append_to_file(file, bytes);
}

std::vector<Spool> spools(const sys::Path& journal) {
  std::vector<std::pair<UnixNanos, Spool>> found;
  const sys::Path directory = journal / "spool";
  // One that cannot be listed has none.
  (void)sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    if (!name.ends_with(k_spool_suffix)) return {};
    const auto info = sys::stat_file(directory / name, false);
    if (!info || !*info || !(*info)->is_regular()) return {};
    const std::string_view id = name.substr(0, name.size() - k_spool_suffix.size());
    found.emplace_back((*info)->mtime_ns, Spool{directory / name, std::string(id)});
    return {};
  });
  std::ranges::sort(found, {}, [](const auto& one) { return std::pair(one.first, one.second.id); });
  std::vector<Spool> list;
  for (auto& [time, spool] : found) list.push_back(std::move(spool));
  return list;
}

namespace {

bool is_orphan(const std::vector<Event>& events) {
  return std::ranges::any_of(events, [](const Event& event) {
    const auto* const began = std::get_if<CommandBegan>(&event.body);
    return began != nullptr && sys::has_ended(began->process);
  });
}

}  // namespace

bool is_ended(const Spool& spool, const std::vector<Event>& events) {
  if (!events.empty() && (std::holds_alternative<CommandEnded>(events.back().body) ||
                          std::holds_alternative<Removed>(events.back().body))) {
    return true;
  }
  const auto info = sys::stat_file(spool.file, false);
  if (!info || !*info) return false;
  const UnixNanos silent_ns = unix_now_ns() - (*info)->mtime_ns;
  return silent_ns > k_spool_silent_ns ||
         (silent_ns > k_spool_orphan_silent_ns && is_orphan(events));
}

}  // namespace sluice::journal
