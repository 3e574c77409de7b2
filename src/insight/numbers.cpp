#include "insight/numbers.hpp"

#include "codec/json.hpp"
#include "gotool/go_version.hpp"
#include "insight/go_test_flags.hpp"
#include "insight/lookup_facts.hpp"
#include "insight/why_tests.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace sluice::insight {
namespace {

using journal::Answer;

class Counting {
 public:
  Counting(journal::Database& database, const journal::JobRow& job) : database_(database) {
    numbers_.job = job;
  }
  Result<Numbers> run();

 private:
  Result<void> count_commands();
  Result<void> count_lookups();
  Result<void> count_compilations();
  Result<void> count_links();
  Result<void> count_tests();
  Result<void> count_unkept_tests(const std::vector<journal::TestRow>& kept);

  journal::Database& database_;
  Numbers numbers_;
  std::unordered_set<ActionId> archives_given_;
};

std::uint64_t lookups_counted(const codec::Json& counters) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, counters.int_or("lookups", 0)));
}

Result<void> Counting::count_commands() {
  TRY_ASSIGN(const auto rows, journal::commands_of(database_, numbers_.job.id));
  for (const journal::CommandRow& row : rows) {
    ++numbers_.commands;
    if (!row.duration_us) {
      ++numbers_.commands_open;
      continue;
    }
    numbers_.wall_us += *row.duration_us;
    if (row.ending() == journal::Ending::bad) ++numbers_.commands_failed;
    const auto counters = codec::parse_json(row.counters);
    if (counters) numbers_.lookups_unseen += lookups_counted(*counters);
  }
  return {};
}

std::size_t bucket_of(std::uint64_t wait_us) {
  const auto* const at = std::ranges::lower_bound(k_wait_bounds_us, wait_us);
  return static_cast<std::size_t>(at - k_wait_bounds_us.begin());
}

std::vector<NamedTally> listed(const std::map<std::string_view, Tally>& tallies) {
  std::vector<NamedTally> list;
  for (const auto& [name, tally] : tallies) list.push_back({std::string(name), tally});
  std::ranges::stable_sort(list, std::ranges::greater{},
                           [](const NamedTally& one) { return one.tally.lookups(); });
  return list;
}

Result<void> Counting::count_lookups() {
  TRY_ASSIGN(const auto rows, journal::lookups_in(database_, numbers_.job.id));
  TRY_ASSIGN(const auto facts, LookupFacts::load(database_, numbers_.job));
  std::map<std::string_view, Tally> kinds;
  std::map<std::string_view, Tally> scopes;
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> causes;
  for (const journal::LookupRow& row : rows) {
    const std::uint8_t kind = facts.kind_of(row);
    numbers_.all.add(row);
    kinds[kind_name(kind)].add(row);
    if (row.wait_us > 0) ++numbers_.waits.at(bucket_of(row.wait_us));
    if (is_hit(row.answer)) {
      scopes[facts.scope_of(row)].add(row);
      if (kind == journal::k_kind_archive) archives_given_.insert(row.action);
    } else {
      ++causes[{facts.history().reason_of(row, kind), kind_name(kind)}];
    }
  }
  numbers_.kinds = listed(kinds);
  numbers_.scopes = listed(scopes);
  for (const auto& [cause, count] : causes) {
    numbers_.causes.push_back({std::string(cause.first), std::string(cause.second), count});
  }
  std::ranges::stable_sort(numbers_.causes, std::ranges::greater{}, &MissCause::count);
  const std::uint64_t seen = numbers_.all.lookups();
  numbers_.lookups_unseen = numbers_.lookups_unseen > seen ? numbers_.lookups_unseen - seen : 0;
  return {};
}

Result<void> Counting::count_compilations() {
  TRY_ASSIGN(const auto hits, journal::package_hits_in(database_, numbers_.job.id));
  TRY_ASSIGN(const auto compiled, journal::compiled_in(database_, numbers_.job.id));
  Steps& steps = numbers_.steps[0];
  std::map<std::string, PackageTally> packages;
  // Also those that nobody has told the name of.
  steps.given = std::max<std::uint64_t>(archives_given_.size(), hits.size());
  for (const journal::PackageHit& hit : hits) {
    if (hit.cost_us > 0) ++steps.given_counted;
    steps.saved_us += hit.cost_us;
    if (!hit.made_here) steps.foreign_us += hit.cost_us;
    PackageTally& package = packages[hit.package];
    ++package.given;
    package.saved_us += hit.cost_us;
  }
  for (const journal::InputsRow& inputs : compiled) {
    ++steps.done;
    if (inputs.cost_us > 0) ++steps.done_counted;
    steps.spent_us += inputs.cost_us;
    PackageTally& package = packages[inputs.package];
    ++package.compiled;
    package.spent_us += inputs.cost_us;
  }
  for (auto& [name, package] : packages) {
    package.package = name;
    numbers_.packages.push_back(std::move(package));
  }
  std::ranges::stable_sort(numbers_.packages, std::ranges::greater{}, [](const PackageTally& one) {
    return std::tuple(one.spent_us, one.compiled, one.saved_us);
  });
  return {};
}

Result<void> Counting::count_links() {
  TRY_ASSIGN(const auto links, journal::links_in(database_, numbers_.job.id));
  Steps& steps = numbers_.steps[1];
  for (const journal::LinkRow& link : links) {
    const std::uint64_t counted = link.link_us > 0 ? 1 : 0;
    if (is_hit(link.answer)) {
      ++steps.given;
      steps.given_counted += counted;
      steps.saved_us += link.link_us;
    } else {
      ++steps.done;
      steps.done_counted += counted;
      steps.spent_us += link.link_us;
    }
  }
  return {};
}

// Tests that left no result: they failed, or go kept none. Nobody has timed them.
Result<void> Counting::count_unkept_tests(const std::vector<journal::TestRow>& kept) {
  TRY_ASSIGN(const auto commands, journal::commands_of(database_, numbers_.job.id));
  const bool has_run = std::ranges::any_of(commands, [](const journal::CommandRow& command) {
    return test_flags(command.words, command.goflags, gotool::minor_of(command.go_version)).is_test;
  });
  if (!has_run) return {};
  TRY_ASSIGN(const auto links, journal::links_in(database_, numbers_.job.id));
  for (const std::string& package : linked_tests(links)) {
    const bool is_kept = std::ranges::any_of(
        kept, [&package](const journal::TestRow& test) { return test.package == package; });
    if (!is_kept) ++numbers_.steps[2].done;
  }
  return {};
}

Result<void> Counting::count_tests() {
  TRY_ASSIGN(const auto tests, journal::tests_in(database_, numbers_.job.id));
  Steps& steps = numbers_.steps[2];
  std::map<std::string, std::uint64_t> names;
  for (const journal::TestRow& test : tests) {
    const std::uint64_t counted = test.test_us > 0 ? 1 : 0;
    if (is_hit(test.answer) && !test.ran) {
      ++steps.given;
      steps.given_counted += counted;
      steps.saved_us += test.test_us;
    } else {
      ++steps.done;
      steps.done_counted += test.ran ? counted : 0;
      steps.spent_us += test.ran ? test.test_us : 0;
      if (test.cause != journal::TestCause::inputs) continue;
      for (const std::string& name : test.names) ++names[name];
    }
  }
  TRY(count_unkept_tests(tests));
  for (const auto& [name, count] : names) numbers_.test_inputs.push_back({name, count});
  std::ranges::stable_sort(numbers_.test_inputs, std::ranges::greater{}, &ReasonCount::count);
  return {};
}

Result<Numbers> Counting::run() {
  TRY(count_commands());
  TRY_ASSIGN(numbers_.faults, journal::faults_in(database_, numbers_.job.id));
  TRY(count_lookups());
  TRY(count_compilations());
  TRY(count_links());
  TRY(count_tests());
  TRY_ASSIGN(numbers_.transfers, journal::transfers_in(database_, numbers_.job.id));
  return std::move(numbers_);
}

}  // namespace

std::optional<double> Tally::hit_rate() const {
  if (lookups() == 0) return std::nullopt;
  return static_cast<double>(hits()) / static_cast<double>(lookups());
}

void Tally::add(const journal::LookupRow& row) {
  switch (row.answer) {
    case Answer::local: ++local; break;
    case Answer::remote: ++remote; break;
    case Answer::reused: ++reused; break;
    case Answer::missed:
    case Answer::refused: ++missed; break;
  }
  if (is_hit(row.answer)) bytes += row.size;
  wait_us += row.wait_us;
}

std::uint64_t Numbers::saved_us() const {
  std::uint64_t sum = 0;
  for (const Steps& one : steps) sum += one.saved_us;
  return sum;
}

std::uint64_t Numbers::waited() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : waits) sum += count;
  return sum;
}

std::vector<ReasonCount> Numbers::reasons() const {
  std::vector<ReasonCount> list;
  for (const std::string_view reason : k_reasons) list.push_back({std::string(reason), 0});
  for (const MissCause& cause : causes) {
    auto at = std::ranges::find(list, cause.reason, &ReasonCount::reason);
    if (at == list.end()) at = list.insert(list.end(), {cause.reason, 0});
    at->count += cause.count;
  }
  return list;
}

void Numbers::split_new(std::string_view kind, std::span<const ReasonCount> into) {
  const auto is_new = [kind](const MissCause& cause) {
    return cause.reason == k_reason_new && cause.kind == kind;
  };
  const auto at = std::ranges::find_if(causes, is_new);
  if (at == causes.end()) return;
  std::vector<MissCause> found;
  for (const ReasonCount& one : into) {
    const std::uint64_t taken = std::min(one.count, at->count);
    if (taken == 0) continue;
    at->count -= taken;
    found.push_back({one.reason, std::string(kind), taken});
  }
  if (at->count == 0) causes.erase(at);
  causes.insert(causes.end(), found.begin(), found.end());
  std::ranges::stable_sort(causes, std::ranges::greater{}, &MissCause::count);
}

Result<Numbers> numbers_of(journal::Database& database, const journal::JobRow& job) {
  return Counting(database, job).run();
}

}  // namespace sluice::insight
