#include "insight/miss_history.hpp"

#include "codec/json.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::insight {
namespace {

using journal::Answer;
using journal::Micros;
using journal::Outcome;
using journal::Trace;

constexpr std::uint8_t k_kind_package_index = 3;
constexpr std::uint8_t k_kind_test_log = 4;
constexpr std::uint8_t k_kind_test_output = 5;
// go trims what was unused for five days, and marks a use at most once an hour: what was used more
// lately than this, go has not removed.
constexpr Micros k_go_trims_after_us = Micros{4} * 24 * 3600 * 1'000'000;

}  // namespace

Result<MissHistory> MissHistory::load(journal::Database& database, const journal::JobRow& job) {
  MissHistory history;
  TRY_ASSIGN(const auto commands, journal::commands_of(database, job.id));
  for (const journal::CommandRow& row : commands) {
    Command& command = history.commands_[row.id];
    command.at_us = row.at_us;
    command.local_tier = row.local_tier;
    const auto counters = codec::parse_json(row.counters);
    if (!counters) continue;
    const codec::Json* verify = counters->find("verify");
    command.verifies = counters->int_or("verify_checked", 0) > 0 ||
                       (verify != nullptr && verify->int_or("checked", 0) > 0);
    command.verifies_tests = verify != nullptr && verify->int_or("tests_checked", 0) > 0;
  }
  TRY_ASSIGN(const auto faults, journal::faults_in(database, job.id));
  for (const auto& fault : faults) {
    if (fault.reason == "agent") history.agent_faults_ += fault.count;
    if (fault.reason == "local-tier") history.tier_faults_ += fault.count;
  }
  TRY_ASSIGN(const auto indexed, journal::indexed_in(database, job.id));
  for (const auto& one : indexed) history.indexed_[one.one.action].push_back(one);
  TRY_ASSIGN(auto traces, journal::traces_of_missed(database, job));
  for (Trace& trace : traces) history.traces_[trace.action].push_back(std::move(trace));
  return history;
}

const std::vector<journal::IndexedRow>& MissHistory::indexed(const ActionId& action) const {
  static const std::vector<journal::IndexedRow> k_none;
  const auto at = indexed_.find(action);
  return at == indexed_.end() ? k_none : at->second;
}

// What became of a result that this machine had, as far as that is certain.
std::string_view MissHistory::history_of(const journal::LookupRow& row, std::uint8_t kind) const {
  const auto command = commands_.find(row.command);
  const auto traces = traces_.find(row.action);
  if (command == commands_.end() || traces == traces_.end()) return {};
  std::optional<Trace> last;
  std::optional<Trace> removed;
  bool in_doubt = false;
  for (const Trace& trace : traces->second) {
    if (trace.at_us >= command->second.at_us) continue;
    if (trace.local_tier != command->second.local_tier) continue;
    const bool was_there = trace.what == Trace::What::stored || trace.what == Trace::What::given;
    std::optional<Trace>& newest = was_there ? last : removed;
    if (!newest || newest->at_us < trace.at_us) newest = trace;
    in_doubt = in_doubt || trace.in_doubt;
  }
  if (removed && (!last || last->at_us <= removed->at_us)) {
    return removed->what == Trace::What::removed_by_age ? k_reason_ttl : k_reason_evict;
  }
  if (!last) return {};
  const bool is_test = kind == k_kind_test_log || kind == k_kind_test_output;
  const bool is_lately_used = command->second.at_us - last->at_us < k_go_trims_after_us;
  if (is_test && command->second.verifies_tests) return k_reason_verify;
  // An index of another checkout at the same path is there, and is given to nobody.
  const bool may_be_refused = kind == k_kind_package_index;
  if (!is_lately_used || in_doubt || is_test || may_be_refused || tier_faults_ > 0) {
    return k_reason_unknown;
  }
  return command->second.verifies ? k_reason_verify : k_reason_manual;
}

std::string_view MissHistory::reason_of(const journal::LookupRow& row, std::uint8_t kind) const {
  if (row.answer == Answer::refused) return k_reason_refused;
  for (const auto& one : indexed(row.action)) {
    if (one.command != row.command) continue;
    if (one.one.outcome == Outcome::corrupt) return k_reason_corrupt;
    if (one.one.outcome == Outcome::given || one.one.outcome == Outcome::absent) continue;
    return k_reason_remote;
  }
  if (const std::string_view reason = history_of(row, kind); !reason.empty()) return reason;
  // Without its agent a session cannot know what the index has.
  return agent_faults_ > 0 ? k_reason_unknown : k_reason_new;
}

bool MissHistory::is_absent_in_store(const journal::LookupRow& row) const {
  return std::ranges::any_of(indexed(row.action), [&row](const auto& one) {
    return one.command == row.command && one.one.outcome == Outcome::absent;
  });
}

}  // namespace sluice::insight
