#include "runner/earlier_tests.hpp"

#include "journal/database.hpp"
#include "runner/test_history.hpp"
#include "sys/log.hpp"

namespace sluice::runner {
namespace {

using Name = std::pair<std::string, std::string>;  // package, test

// Of some of the tests only.
bool is_partial(const journal::TestOutcomeRow& row) {
  return row.words.find("-test.run=") != std::string::npos ||
         row.words.find("-test.skip=") != std::string::npos;
}

struct PackageRun {
  std::string package;
  bool has_failed = false;
  bool is_partial = false;
  bool names_failures = false;
  std::map<std::string, bool> tests;  // whether it failed
};

}  // namespace

EarlierTests::EarlierTests(const std::vector<journal::TestOutcomeRow>& rows) {
  std::map<Name, std::vector<double>> times;
  for (const auto& row : rows) {
    auto& of_it = times[{row.package, row.test}];
    if (row.wall_us > 0 && of_it.size() < k_runs_looked_at && !is_partial(row)) {
      of_it.push_back(static_cast<double>(row.wall_us));
    }
  }
  for (auto& [name, of_it] : times) {
    if (of_it.empty()) continue;
    expected_us_.emplace(
        name, static_cast<std::uint64_t>(percentile(std::move(of_it), k_duration_share)));
  }
  find_failed(rows);
}

// From the newest run of a package back to one of all of its tests: each test as it ended last.
void EarlierTests::find_failed(const std::vector<journal::TestOutcomeRow>& rows) {
  std::map<std::pair<std::int64_t, std::string>, PackageRun> runs;
  std::vector<const PackageRun*> in_order;
  for (const auto& row : rows) {
    const auto [at, is_new] = runs.try_emplace({row.command, row.package});
    PackageRun& run = at->second;
    if (is_new) in_order.push_back(&run);
    run.package = row.package;
    if (row.test.empty()) {
      run.has_failed = row.has_failed;
      run.is_partial = is_partial(row);
    } else {
      run.tests[row.test] = row.has_failed;  // of several attempts the last
      run.names_failures = run.names_failures || row.has_failed;
    }
  }
  std::set<std::string> settled;
  std::set<std::string> whole;
  std::set<Name> decided;
  for (const PackageRun* run : in_order) {
    known_.insert(run->package);
    if (settled.contains(run->package)) continue;
    for (const auto& [test, has_failed] : run->tests) {
      const bool is_last = decided.insert({run->package, test}).second;
      if (is_last && has_failed) failed_[run->package].insert(test);
    }
    if (run->has_failed && !run->names_failures) whole.insert(run->package);
    if (!run->is_partial) settled.insert(run->package);
  }
  for (const std::string& package : whole) failed_[package].clear();
}

EarlierTests EarlierTests::of_journal(const sys::Path& journal, Deadline deadline) {
  if (journal.empty()) return {};
  std::string note;
  auto database = journal::open_current(journal, deadline, note);
  if (!database) sys::log_debug("tests: {}", database.error().message);
  if (!database || !*database) return {};
  const auto rows = journal::test_outcomes(**database, k_outcomes_max);
  return rows ? EarlierTests(*rows) : EarlierTests();
}

std::optional<std::uint64_t> EarlierTests::expected_us(const std::string& package,
                                                       const std::string& test) const {
  const auto at = expected_us_.find({package, test});
  if (at == expected_us_.end()) return std::nullopt;
  return at->second;
}

}  // namespace sluice::runner
