// The agent's part of the journal: reads what commands have said into the database, tells the store
// what packages were compiled from, and takes in what other machines have told.
//
// Borrows the agent's parts, which outlive it. Any thread; calls follow one another. Nothing that
// go waits for comes here: publish() when a command is over, catch_up() when somebody asks why or
// nothing else is to be done. Both are bounded in time and count what fails as faults. Formats:
// docs/formats/inputs.md, docs/formats/journal.md.
#pragma once

#include "agent/config.hpp"
#include "agent/fault_book.hpp"
#include "agent/fetcher.hpp"
#include "agent/index_keeper.hpp"
#include "agent/provenance.hpp"
#include "agent/uploader.hpp"
#include "gotool/local_tier.hpp"
#include "journal/event.hpp"
#include "journal/known_inputs.hpp"

#include <mutex>
#include <optional>
#include <set>
#include <unordered_set>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_told_blobs_max = 16;              // of other publishers
inline constexpr std::size_t k_introduced_max = 100'000;         // of one command
inline constexpr auto k_told_wait = std::chrono::seconds(3);     // for all of them
inline constexpr auto k_journal_wait = std::chrono::seconds(5);  // for who writes to it now

class InputsKeeper {
 public:
  // `keeper` and `fetcher` may be null: there is no store.
  InputsKeeper(const AgentConfig& config, IndexKeeper* keeper, Fetcher* fetcher, Uploader& uploader,
               Provenance& provenance, gotool::LocalTier& tier, FaultBook& faults);

  // The job gives the store a result that an earlier one made here, and that the index has not. At
  // once, whatever else goes on.
  void introduced(const ActionId& action);
  // What this command compiled, and what was introduced since, becomes part of what the job leaves
  // in the store.
  void publish(const std::string& command_id);
  // Spools and what others have told are in the journal's database afterwards.
  void catch_up();

 private:
  std::optional<journal::KnownInputs> bring(const std::shared_ptr<const store::Index>& index,
                                            const store::Entry& entry, Deadline deadline);
  ActionId own_action() const;
  std::vector<journal::PackageInputs> inputs_of(const std::set<ActionId>& actions,
                                                const journal::KnownInputs& told) const;
  std::string source() const;

  const AgentConfig& config_;
  IndexKeeper* keeper_;
  Fetcher* fetcher_;
  Uploader& uploader_;
  Provenance& provenance_;
  gotool::LocalTier& tier_;
  FaultBook& faults_;
  std::mutex mutex_;                 // one call at a time
  std::unordered_set<BlobId> told_;  // by this agent: the journal has it from the spools
  std::mutex introduced_mutex_;
  std::set<ActionId> introduced_;  // since the last publish()
};

// What a spool's events say of compiled packages: texts of programs with their build information,
// costs where the result was stored.
std::vector<journal::PackageInputs> inputs_in(const std::vector<journal::Event>& events);

}  // namespace sluice::agent
