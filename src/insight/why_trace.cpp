#include "insight/why_trace.hpp"

#include "gotool/action_text.hpp"
#include "gotool/input_changes.hpp"
#include "insight/cause_text.hpp"
#include "insight/nearest_inputs.hpp"
#include "journal/job_facts.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_set>
#include <utility>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;
using journal::InputsRow;
using What = TracedStep::What;

constexpr std::size_t k_earlier_max = 16;  // earlier inputs of a package that are compared

// "p" of "p [x.test]"
std::string_view import_path_of(std::string_view package) {
  return package.substr(0, package.find(" ["));
}

std::vector<std::string> changed_imports(const std::vector<InputChange>& changes) {
  std::vector<std::string> names;
  for (const InputChange& change : changes) {
    if (change.kind == InputKind::import && change.before && change.after) {
      names.push_back(change.name);
    }
  }
  return names;
}

Cause changed_text(const std::vector<std::string>& imports) {
  return {"dependency", names_text(imports) + " changed"};
}

// A package's own causes, and what of its imports differs.
std::vector<Cause> all_causes(const std::vector<InputChange>& changes, std::string_view now) {
  auto causes = causes_of(changes, now);
  const auto imports = changed_imports(changes);
  if (causes.empty() && imports.empty()) return causes_of_imports(changes);
  if (!imports.empty()) causes.push_back(changed_text(imports));
  return causes;
}

bool is_base(const PackageWhy* why, const InputsRow& row) {
  return why != nullptr && why->base && why->base->at_us == row.at_us &&
         why->base->source == row.source;
}

class TraceExplainer {
 public:
  TraceExplainer(journal::Database& database, const Explanation& explanation,
                 const std::optional<journal::JobRow>& against, const TracedActions& traced)
      : database_(database), explanation_(explanation), against_(against), traced_(traced) {}

  Result<TraceExplanation> run() {
    TRY(load());
    for (const TracedStep& step : traced_.steps()) {
      if (step.what == What::build) add_build(step);
    }
    for (const TracedStep& step : traced_.steps()) {
      if (step.what != What::build) add_step(step);
    }
    for (auto& [name, build] : builds_) {
      if (build.text == nullptr) continue;
      compare_with_job(build);
      TRY(compare_with_earlier(build));
    }
    TraceExplanation result;
    for (auto& [name, build] : builds_) result.packages.push_back(std::move(build.package));
    for (TracedTest& test : traced_.tests()) {
      const bool is_of_job = asked_.contains(test.key);
      result.tests.push_back({std::move(test), is_of_job});
    }
    std::ranges::sort(result.tests, {}, [](const TracedTestWhy& why) { return why.test.package; });
    result.tests_without_log = traced_.tests_without_log();
    std::ranges::sort(result.tests_without_log);
    return result;
  }

 private:
  struct Build {
    TracedPackage package;
    const std::string* text = nullptr;  // of what was compiled, where it is proven
    std::string build_id;
  };

  Result<void> load() {
    const std::int64_t job = explanation_.job.id;
    TRY_ASSIGN(const auto lookups, journal::lookups_in(database_, job));
    for (const journal::LookupRow& row : lookups) asked_.insert(row.action);
    TRY_ASSIGN(const auto stored, journal::stored_in(database_, job));
    asked_.insert(stored.begin(), stored.end());
    TRY_ASSIGN(auto compiled, journal::compiled_in(database_, job));
    for (InputsRow& row : compiled) {
      names_[row.build_id] = row.package;
      of_job_[std::string(import_path_of(row.package))].push_back(std::move(row));
    }
    TRY_ASSIGN(const auto hits, journal::package_hits_in(database_, job));
    for (const journal::PackageHit& hit : hits) {
      names_.try_emplace(hit.build_id, hit.package);
    }
    if (!against_) return {};
    TRY_ASSIGN(others_, journal::inputs_in(database_, against_->id));
    return {};
  }

  // The name that the journal has for these inputs, or for the nearest of that import path.
  std::string name_of_build(const TracedStep& step, const std::string& build_id) {
    if (const auto at = names_.find(build_id); at != names_.end()) return at->second;
    std::vector<InputsRow> rows;
    if (const auto at = of_job_.find(step.package); at != of_job_.end()) {
      for (const InputsRow& row : at->second) {
        if (!builds_.contains(row.package)) rows.push_back(row);
      }
    }
    const auto nearest = nearest_inputs(rows, step.text);
    if (nearest) return nearest->row->package;
    return step.package;
  }

  void add_build(const TracedStep& step) {
    const std::string build_id = gotool::short_hash(step.key.bytes);
    std::string name = name_of_build(step, build_id);
    Build& build = builds_[name];
    build.package.package = std::move(name);
    const bool is_of_job = asked_.contains(step.key);
    build.package.keys.push_back({step.what, step.key, step.is_proven, is_of_job});
    // Of several (with and without -race) one that the job had stands for all.
    if (build.text != nullptr && !is_of_job) return;
    build.package.is_of_job = is_of_job;
    build.text = step.is_proven && !step.text.empty() ? &step.text : nullptr;
    build.build_id = build_id;
  }

  void add_step(const TracedStep& step) {
    // A vet of a package that was not compiled here has nothing to stand with.
    auto at = builds_.find(step.package);
    if (at == builds_.end()) {
      at = builds_.lower_bound(step.package + " [");
      if (at == builds_.end() || import_path_of(at->first) != step.package) return;
    }
    std::optional<bool> is_of_job;
    if (step.what != What::link) is_of_job = asked_.contains(step.key);
    at->second.package.keys.push_back({step.what, step.key, step.is_proven, is_of_job});
  }

  void compare_with_job(Build& build) {
    TracedPackage& package = build.package;
    if (package.is_of_job) return;
    const auto at = of_job_.find(std::string(import_path_of(package.package)));
    if (at == of_job_.end()) return;
    std::vector<InputsRow> rows;
    std::ranges::copy_if(at->second, std::back_inserter(rows), [&package](const InputsRow& row) {
      return row.package == package.package;
    });
    const auto nearest = nearest_inputs(rows, *build.text);
    if (!nearest) return;
    if (nearest->row->build_id == build.build_id) {
      package.is_of_job = true;
      return;
    }
    package.since_job = all_causes(nearest->changes, *build.text);
    package.is_since_job_proven = nearest->is_proven;
  }

  const PackageWhy* why_of(const std::string& package) const {
    const auto at =
        std::ranges::lower_bound(explanation_.packages, package, {}, &PackageWhy::package);
    return at == explanation_.packages.end() || at->package != package ? nullptr : &*at;
  }

  Result<std::vector<InputsRow>> candidates(const std::string& package) {
    if (!against_) {
      return journal::earlier_inputs(database_, package, explanation_.job.first_us, k_earlier_max);
    }
    const auto at = others_.find(package);
    return at == others_.end() ? std::vector<InputsRow>{} : at->second;
  }

  Result<void> compare_with_earlier(Build& build) {
    TracedPackage& package = build.package;
    const PackageWhy* why = why_of(package.package);
    if (why != nullptr && why->is_hit() && !against_) return {};
    TRY_ASSIGN(auto earlier, candidates(package.package));
    const auto is_same = [&build](const InputsRow& row) { return row.build_id == build.build_id; };
    // Of a job that was not written down (-x, a -toolexec of the user's) nobody knows what it made.
    if (why == nullptr && !against_ && std::ranges::any_of(earlier, is_same)) return {};
    std::erase_if(earlier, is_same);
    // What the job is compared with stays so: a build that is nearer only because more of it is
    // known would hide why this one was not had from there.
    const auto base =
        std::ranges::find_if(earlier, [why](const InputsRow& row) { return is_base(why, row); });
    if (base != earlier.end()) {
      std::vector<InputsRow> kept = {*base};
      if (base->modinfo.empty()) {
        std::ranges::copy_if(earlier, std::back_inserter(kept),
                             [](const InputsRow& row) { return !row.modinfo.empty(); });
      }
      earlier = std::move(kept);
    }
    const auto nearest = nearest_inputs(earlier, *build.text, Unlinked::alike);
    if (!nearest && why == nullptr) return {};
    if (!nearest) {
      package.causes = why->causes;  // never built, or gone
      package.is_proven = why->is_proven;
      package.against = why->against;
      return {};
    }
    package.against = Against{nearest->row->job, nearest->row->source, nearest->row->at_us};
    add_causes(package, *nearest, *build.text, why);
    return {};
  }

  // The package's own, by what go says now; those of its imports as the journal has them.
  static void add_causes(TracedPackage& package, const Nearest& nearest, std::string_view now,
                         const PackageWhy* why) {
    package.is_proven = nearest.is_proven;
    package.causes = causes_of(nearest.changes, now);
    const auto imports = changed_imports(nearest.changes);
    if (imports.empty()) {
      if (package.causes.empty()) package.causes = causes_of_imports(nearest.changes);
      return;
    }
    const bool is_alike = is_base(why, *nearest.row);
    std::vector<Upstream> found;
    if (why != nullptr && !why->through.empty() && !why->causes.empty()) {
      found.push_back(
          {why->root, why->causes, why->through, false, why->is_way_proven, why->against});
    }
    if (why != nullptr) {
      const auto is_own = [](const Upstream& one) {
        return one.through.empty() && one.causes.front().kind != "dependency";
      };
      std::ranges::copy_if(why->also, std::back_inserter(found), std::not_fn(is_own));
      package.also_more = why->also_more;
    }
    for (Upstream& one : found) {
      one.is_proven = one.is_way_proven && nearest.is_proven && is_alike;
    }
    if (found.empty()) {
      found.push_back({package.package, {changed_text(imports)}, {}, nearest.is_proven, true, {}});
    }
    if (package.causes.empty()) {
      package.causes = std::move(found.front().causes);
      package.through = std::move(found.front().through);
      package.is_proven = found.front().is_proven;
      found.erase(found.begin());
    }
    package.also = std::move(found);
  }

  journal::Database& database_;
  const Explanation& explanation_;
  const std::optional<journal::JobRow>& against_;
  const TracedActions& traced_;
  std::unordered_set<ActionId> asked_;                    // by the job, or stored
  std::map<std::string, std::string> names_;              // build ID -> package
  std::map<std::string, std::vector<InputsRow>> of_job_;  // by import path
  std::map<std::string, std::vector<InputsRow>> others_;  // by package
  std::map<std::string, Build> builds_;                   // by package
};

}  // namespace

std::string_view name_of(What what) {
  switch (what) {
    case What::build: return "build";
    case What::vet: return "vet";
    case What::link: return "link";
  }
  return "build";
}

std::size_t TracedPackage::proven() const {
  return static_cast<std::size_t>(std::ranges::count_if(keys, &TracedKey::is_proven));
}

Result<TraceExplanation> explain_trace(journal::Database& database, const Explanation& explanation,
                                       const std::optional<journal::JobRow>& against,
                                       const TracedActions& traced) {
  return TraceExplainer(database, explanation, against, traced).run();
}

}  // namespace sluice::insight
