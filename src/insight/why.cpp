#include "insight/why.hpp"

#include "gotool/action_text.hpp"
#include "gotool/input_changes.hpp"
#include "insight/cause_text.hpp"
#include "insight/test_why.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;
using journal::Answer;
using journal::InputsRow;

constexpr std::size_t k_candidates_max = 6;  // earlier inputs of a package that are compared
constexpr std::size_t k_depth_max = 10'000;  // imports on the way to a root

// A package of the job: compiled, or given to go by the cache.
struct Node {
  InputsRow inputs;
  Answer answer = Answer::missed;
  bool is_compared = false;
  bool is_walking = false;  // an import cycle would be somebody's damage: it ends here
  std::vector<Cause> causes;
  std::vector<std::string> changed_imports;
  std::vector<std::string> through;  // to the root, set by walk()
  std::string root;
  bool is_proven = false;
  std::optional<Against> against;
};

// The text that go hashed, as far as it is known.
std::string text_of(const InputsRow& inputs) {
  if (inputs.modinfo.empty()) return inputs.text;
  return gotool::with_modinfo(inputs.text, inputs.modinfo);
}

bool is_proven(const InputsRow& inputs, const std::string& text) {
  return gotool::proves(inputs.salt, text, inputs.build_id);
}

// What goes together with packages of the same test: "p [x.test]" imports "q [x.test]" before "q".
std::string_view variant_of(std::string_view package) {
  const auto at = package.find(" [");
  return at == std::string_view::npos ? std::string_view() : package.substr(at);
}

class Explainer {
 public:
  Explainer(journal::Database& database, Explanation& result,
            const std::optional<journal::JobRow>& against)
      : database_(database), result_(result), against_(against) {}

  Result<void> run() {
    TRY(load());
    for (auto& [package, node] : nodes_) {
      if (node.answer == Answer::missed) TRY(walk(node, 0));
    }
    for (const auto& [package, node] : nodes_) add_package(package, node);
    add_groups();
    return {};
  }

 private:
  Result<void> load() {
    const std::int64_t job = result_.job.id;
    TRY_ASSIGN(auto compiled, journal::compiled_in(database_, job));
    // A package that was compiled in two forms (with and without -race) stands for the last.
    for (InputsRow& row : compiled) {
      Node& node = nodes_[row.package];
      node.inputs = std::move(row);
    }
    TRY_ASSIGN(const auto hits, journal::package_hits_in(database_, job));
    for (const journal::PackageHit& hit : hits) {
      const auto [at, is_new] = nodes_.try_emplace(hit.package);
      if (!is_new) continue;
      at->second.answer = hit.answer;
      at->second.inputs.package = hit.package;
      at->second.inputs.build_id = hit.build_id;
      at->second.inputs.cost_us = hit.cost_us;
    }
    if (!against_) return {};
    TRY_ASSIGN(auto theirs, journal::compiled_in(database_, against_->id));
    for (InputsRow& row : theirs) {
      std::string package = row.package;
      others_[std::move(package)].push_back(std::move(row));
    }
    TRY_ASSIGN(const auto their_hits, journal::package_hits_in(database_, against_->id));
    for (const journal::PackageHit& hit : their_hits) {
      TRY_ASSIGN(auto inputs, journal::inputs_with(database_, hit.package, hit.build_id));
      if (inputs) others_[hit.package].push_back(std::move(*inputs));
    }
    return {};
  }

  Result<std::vector<InputsRow>> candidates(const Node& node) {
    if (!against_) {
      return journal::earlier_inputs(database_, node.inputs.package, node.inputs.at_us,
                                     k_candidates_max);
    }
    const auto at = others_.find(node.inputs.package);
    return at == others_.end() ? std::vector<InputsRow>{} : at->second;
  }

  // Finds this package's own causes and what of its imports differs.
  Result<void> compare(Node& node) {
    node.is_compared = true;
    if (node.answer != Answer::missed) {
      TRY_ASSIGN(auto inputs,
                 journal::inputs_with(database_, node.inputs.package, node.inputs.build_id));
      if (!inputs) return {};
      node.inputs = std::move(*inputs);
      node.inputs.at_us = result_.job.last_us;
    } else {
      TRY_ASSIGN(const auto same,
                 journal::same_inputs_before(database_, node.inputs, result_.job.id));
      if (same) return found_gone(node, *same);
    }
    TRY_ASSIGN(auto earlier, candidates(node));
    std::erase_if(earlier,
                  [&node](const InputsRow& row) { return row.build_id == node.inputs.build_id; });
    if (earlier.empty()) {
      node.is_proven = true;  // the journal and the store know of none
      node.causes = {{"never-built", against_ ? "that job had no such package"
                                              : "never built before in any scope"}};
      return {};
    }
    found_nearest(node, earlier);
    return {};
  }

  Result<void> found_gone(Node& node, const InputsRow& same) {
    node.is_proven = true;
    node.against = Against{same.job, same.source, same.at_us};
    const bool store_failed = std::ranges::any_of(
        result_.faults, [](const journal::FaultRow& fault) { return fault.reason == "store"; });
    node.causes = {store_failed
                       ? Cause{"store-fault", "made before from the same inputs; the store failed"}
                       : Cause{"gone",
                               "made before from the same inputs, and neither this machine "
                               "nor the store has the result"}};
    return {};
  }

  void found_nearest(Node& node, const std::vector<InputsRow>& earlier) {
    const std::string now = text_of(node.inputs);
    // Built the same way if possible (flags, platform, Go version); of equal ones the newest.
    std::optional<std::size_t> best;
    std::vector<InputChange> changes;
    const InputsRow* nearest = nullptr;
    std::string before;
    for (const InputsRow& row : earlier) {
      std::string text = text_of(row);
      auto list = gotool::input_changes(text, now);
      const auto distance =
          static_cast<std::size_t>(std::ranges::count_if(list, [](const InputChange& change) {
            return change.kind != InputKind::import && change.kind != InputKind::file;
          }));
      if (best && *best <= distance) continue;
      best = distance;
      changes = std::move(list);
      nearest = &row;
      before = std::move(text);
    }
    node.against = Against{nearest->job, nearest->source, nearest->at_us};
    node.is_proven = is_proven(node.inputs, now) && is_proven(*nearest, before);
    node.causes = causes_of(changes, is_standard(now));
    for (const InputChange& change : changes) {
      if (change.kind == InputKind::import && change.before && change.after) {
        node.changed_imports.push_back(change.name);
      }
    }
    if (node.causes.empty() && node.changed_imports.empty()) {
      node.causes = causes_of_imports(changes);
    }
  }

  Node* import_of(const Node& node, const std::string& import) {
    const std::string variant = import + std::string(variant_of(node.inputs.package));
    for (const std::string& name : {variant, import}) {
      if (const auto at = nodes_.find(name); at != nodes_.end()) return &at->second;
    }
    return nullptr;
  }

  // Where the causes lie: here, else in the first import that leads to some.
  Result<void> walk(Node& node, std::size_t depth) {
    if (!node.root.empty() || node.is_walking) return {};
    node.is_walking = true;
    if (!node.is_compared) TRY(compare(node));
    node.root = node.inputs.package;
    if (node.causes.empty()) {
      for (const std::string& name : node.changed_imports) {
        Node* import = import_of(node, name);
        if (import == nullptr || depth == k_depth_max) continue;
        TRY(walk(*import, depth + 1));
        if (import->root.empty() || nodes_.at(import->root).causes.empty()) continue;
        node.root = import->root;
        node.through = {import->inputs.package};
        std::ranges::copy(import->through, std::back_inserter(node.through));
        node.is_proven = node.is_proven && import->is_proven;
        break;
      }
    }
    if (node.root == node.inputs.package && node.causes.empty()) {
      node.causes = causes_of_dependencies(node.changed_imports);
    }
    node.is_walking = false;
    return {};
  }

  void add_package(const std::string& package, const Node& node) {
    PackageWhy why;
    why.package = package;
    why.answer = node.answer;
    why.cost_us = node.inputs.cost_us;
    if (node.answer == Answer::missed) {
      why.root = node.root;
      why.causes = nodes_.at(node.root).causes;
      why.through = node.through;
      why.is_proven = node.is_proven;
      why.against = node.against;
    }
    result_.packages.push_back(std::move(why));
  }

  void add_groups() {
    std::map<std::string, Group> groups;
    for (const PackageWhy& why : result_.packages) {
      if (why.is_hit()) continue;
      // What concerns files is one package's; a flag or a version is the same for many.
      std::string key = is_of_one_package(why.causes) ? why.root : "";
      for (const Cause& cause : why.causes) key += "\n" + cause.kind + " " + cause.text;
      Group& group = groups[key];
      if (group.packages.empty()) {
        group.root = is_of_one_package(why.causes) ? why.root : "";
        group.causes = why.causes;
        group.is_proven = nodes_.at(why.root).is_proven;
        group.against = nodes_.at(why.root).against;
      }
      group.cost_us += why.cost_us;
      if (why.package == why.root)
        group.packages.insert(group.packages.begin(), why.package);
      else
        group.packages.push_back(why.package);
    }
    for (auto& [key, group] : groups) result_.groups.push_back(std::move(group));
    std::ranges::stable_sort(result_.groups, std::greater{},
                             [](const Group& group) { return group.packages.size(); });
  }

  journal::Database& database_;
  Explanation& result_;
  const std::optional<journal::JobRow>& against_;
  std::map<std::string, Node> nodes_;
  std::map<std::string, std::vector<InputsRow>> others_;  // of the job to compare with
};

}  // namespace

Result<Explanation> explain(journal::Database& database, const journal::JobRow& job,
                            const std::optional<journal::JobRow>& against) {
  Explanation result;
  result.job = job;
  TRY_ASSIGN(result.commands, journal::commands_of(database, job.id));
  TRY_ASSIGN(result.faults, journal::faults_in(database, job.id));
  TRY(Explainer(database, result, against).run());
  TRY(explain_tests(database, result));
  return result;
}

}  // namespace sluice::insight
