#include "runner/earlier_tests.hpp"

#include "journal/database.hpp"
#include "runner/test_history.hpp"
#include "sys/log.hpp"

namespace sluice::runner {
namespace {

constexpr double k_duration_share = 0.80;

}  // namespace

EarlierTests::EarlierTests(const std::vector<journal::TestOutcomeRow>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<double>> times;
  std::map<std::string, std::int64_t> last;  // command in which a package ran
  std::set<std::string> broken;              // packages that failed
  std::set<std::string> explained;           // by tests of theirs
  for (const auto& row : rows) {
    auto& of_it = times[{row.package, row.test}];
    if (row.wall_us > 0 && of_it.size() < k_runs_looked_at) {
      of_it.push_back(static_cast<double>(row.wall_us));
    }
    if (last.emplace(row.package, row.command).first->second != row.command) continue;
    if (row.test.empty()) {
      if (row.has_failed) broken.insert(row.package);
    } else if (row.has_failed) {
      failed_[row.package].insert(row.test);
      explained.insert(row.package);
    } else {
      failed_[row.package].erase(row.test);  // in another attempt
    }
  }
  std::erase_if(failed_, [](const auto& package) { return package.second.empty(); });
  for (const std::string& package : broken) {
    if (!explained.contains(package)) failed_.try_emplace(package);
  }
  for (auto& [name, of_it] : times) {
    if (of_it.empty()) continue;
    expected_us_.emplace(
        name, static_cast<std::uint64_t>(percentile(std::move(of_it), k_duration_share)));
  }
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
