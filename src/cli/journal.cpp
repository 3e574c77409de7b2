#include "cli/journal.hpp"

#include "base/strings.hpp"
#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "journal/database.hpp"
#include "journal/event.hpp"
#include "journal/foreign.hpp"
#include "journal/spool.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::cli {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::size_t k_runs_shown = 10;                 // of numbers of jobs
constexpr auto k_write_wait = std::chrono::seconds(10);  // for who else writes it now

std::string count_of(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Result<std::vector<std::int64_t>> jobs_after(journal::Database& database, std::int64_t last) {
  TRY_ASSIGN(auto statement,
             database.connection().prepare("SELECT id FROM job WHERE id > ? ORDER BY id"));
  statement.with(last);
  std::vector<std::int64_t> list;
  TRY(statement.each([&list](const journal::Statement& row) { list.push_back(row.number(0)); }));
  return list;
}

// "3 to 7, 9": what was older than the bounds is gone again.
std::string numbers_of(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> runs;
  for (std::size_t at = 0; at < numbers.size();) {
    std::size_t end = at + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (runs.size() == k_runs_shown) {
      runs.push_back(fmt::format("and {} more", numbers.size() - at));
      break;
    }
    runs.push_back(end - at == 1 ? fmt::format("{}", numbers[at])
                                 : fmt::format("{} to {}", numbers[at], numbers[end - 1]));
    at = end;
  }
  return join(runs, ", ");
}

Result<std::vector<MergedJournal>> merge(const std::vector<std::string>& files,
                                         const sys::Path& journal) {
  std::vector<std::pair<MergedJournal, journal::ForeignJournal>> foreign;
  for (const std::string& file : files) {
    TRY_ASSIGN(auto taken, journal::ForeignJournal::take(file));
    MergedJournal merged{file, taken.commands(), 0, 0, {}};
    foreign.emplace_back(std::move(merged), std::move(taken));
  }
  TRY_ASSIGN(auto database,
             journal::Database::open_to_write(journal, Deadline::after(k_write_wait)));
  if (!database.note().empty()) say(database.note());
  TRY(database.read_spools());
  constexpr std::string_view k_last_job = "SELECT coalesce(max(id), 0) FROM job";
  std::vector<MergedJournal> list;
  for (auto& [merged, taken] : foreign) {
    TRY_ASSIGN(const auto last, database.connection().number(k_last_job));
    auto added = database.merge(taken.database());
    if (!added) return std::unexpected(std::move(added).error().in(merged.file));
    TRY_ASSIGN(merged.jobs, jobs_after(database, last));
    merged.commands_added = static_cast<std::int64_t>(*added);
    merged.jobs_added = static_cast<std::int64_t>(merged.jobs.size());
    list.push_back(std::move(merged));
  }
  TRY(database.trim(journal::now_us()));
  TRY_ASSIGN(const auto kept, jobs_after(database, 0));
  for (MergedJournal& one : list) {
    std::erase_if(one.jobs, [&kept](auto job) { return !std::ranges::binary_search(kept, job); });
  }
  return list;
}

Result<std::string> path_text(const Setup& setup, bool json) {
  TRY(open_journal(setup));  // reads what has happened up to now
  const std::string path = journal::database_file(setup.config.journal_directory).native();
  return json ? Json(JsonObject{{"path", path}}).dump() + "\n" : path + "\n";
}

Result<std::string> run(const Invocation& invocation, const sys::Environment& env) {
  TRY_ASSIGN(const Setup setup,
             set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over));
  const auto& words = invocation.operands;
  const std::vector<std::string> files(words.begin() + 1, words.end());
  const sys::Path& journal = setup.config.journal_directory;
  if (words.front() == "path") {
    if (files.empty()) return path_text(setup, invocation.has("json"));
    return fail(Code::invalid,
                fmt::format("path: unexpected word \"{}\"", printable(files.front(), 80)));
  }
  if (files.empty()) return fail(Code::invalid, "merge: say which files");
  if (journal.empty()) {
    return fail(Code::not_found, fmt::format("the journal is switched off ({})",
                                             setup.settings.source_of(SettingId::journal).text));
  }
  TRY_ASSIGN(const auto merged, merge(files, journal));
  return invocation.has("json") ? merged_json(merged).dump() + "\n" : merged_text(merged);
}

}  // namespace

std::string merged_text(const std::vector<MergedJournal>& merged) {
  std::string text;
  for (const MergedJournal& one : merged) {
    text +=
        fmt::format("{}: {} added", printable(one.file), count_of(one.commands_added, "command"));
    if (one.jobs_added > 0) text += fmt::format(", {} new", count_of(one.jobs_added, "job"));
    if (!one.jobs.empty()) text += fmt::format(" ({})", numbers_of(one.jobs));
    const std::int64_t known = one.commands - one.commands_added;
    if (known > 0) text += fmt::format("; {} known already", count_of(known, "command"));
    text += '\n';
  }
  return text;
}

Json merged_json(const std::vector<MergedJournal>& merged) {
  JsonArray files;
  for (const MergedJournal& one : merged) {
    files.emplace_back(JsonObject{{"file", one.file},
                                  {"commands", one.commands},
                                  {"commands_added", one.commands_added},
                                  {"jobs_added", one.jobs_added},
                                  {"jobs", JsonArray(one.jobs.begin(), one.jobs.end())}});
  }
  return JsonObject{{"files", std::move(files)}};
}

int run_journal(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  return print_or_report("journal", run(invocation, env));
}

}  // namespace sluice::cli
