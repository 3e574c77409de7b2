#include "cli/journal_view.hpp"

#include "agent/recorder.hpp"
#include "cli/agent.hpp"
#include "cli/output.hpp"

#include <fmt/format.h>

#include <chrono>

namespace sluice::cli {

namespace {

constexpr auto k_agents_wait = std::chrono::seconds(10);  // for all of them
constexpr auto k_spools_wait = std::chrono::seconds(2);   // for who else reads spools now

// Journals of other machines may have been merged.
Result<journal::JobRow> last_of_this_machine(journal::Database& database) {
  TRY_ASSIGN(auto own, journal::last_job_of(database, agent::host_name()));
  if (own) return std::move(*own);
  return journal::find_job(database, "last");
}

}  // namespace

Result<journal::Database> open_journal(const Setup& setup) {
  const sys::Path& journal = setup.config.journal_directory;
  if (journal.empty()) {
    return fail(Code::not_found, fmt::format("the journal is switched off ({})",
                                             setup.settings.source_of(SettingId::journal).text));
  }
  const Deadline agents_deadline = Deadline::after(k_agents_wait);
  for (agent::Client& client : agents_of(setup)) {
    // One that does not answer leaves what it knows for the next time.
    if (!agents_deadline.passed()) (void)client.read_journal(agents_deadline);
  }
  std::string note;
  auto opened = journal::open_current(journal, Deadline::after(k_spools_wait), note);
  if (!note.empty()) say(note);
  if (!opened) return std::unexpected(std::move(opened).error());
  if (!*opened) {
    return fail(Code::not_found,
                fmt::format("no journal yet in {}: nothing was run with sluice", journal.native()));
  }
  return std::move(**opened);
}

Result<journal::JobRow> chosen_job(journal::Database& database, const Setup& setup,
                                   std::string_view selector) {
  const bool is_last = selector == "last";
  if (!selector.empty() && !is_last) return journal::find_job(database, selector);
  if (is_last || setup.job.system == agent::CiSystem::none) return last_of_this_machine(database);
  const std::string uid = fmt::format("{}/{}", agent::name_of(setup.job.system), setup.job.id);
  auto job = journal::find_job(database, uid);
  if (job || job.error().code != Code::invalid) return job;
  if (agent::names_only_a_day(setup.job)) return last_of_this_machine(database);  // it has ended
  return fail(Code::not_found, fmt::format("this job ({}) has run nothing with sluice yet; --job "
                                           "names another one",
                                           uid));
}

}  // namespace sluice::cli
