#include "insight/why.hpp"

#include "base/strings.hpp"
#include "gotool/input_changes.hpp"
#include "insight/cause_text.hpp"
#include "insight/flag_causes.hpp"
#include "insight/miss_history.hpp"
#include "insight/nearest_inputs.hpp"
#include "insight/why_links.hpp"
#include "insight/why_tests.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;
using journal::Answer;
using journal::InputsRow;

constexpr std::size_t k_candidates_max = 16;  // earlier inputs of a package that are compared
constexpr std::size_t k_depth_max = 10'000;   // imports on the way to a root
constexpr std::size_t k_roots_max = 64;       // of one package
constexpr std::size_t k_also_max = 8;         // told of one package, beside the first

struct Node;

// Where causes of a package lie: in it, or in what it imports.
struct Root {
  const Node* node = nullptr;
  const Node* via = nullptr;  // the import that leads there; nothing: it is the package itself
  bool is_unknown = false;    // the cause is that of some imports nothing is known
  bool is_proven = true;      // from the import on
  std::string key;            // the same for what is one cause
};

// A package of the job: compiled, or given to go by the cache.
struct Node {
  InputsRow inputs;
  Answer answer = Answer::missed;
  bool is_loaded = false;
  bool is_compared = false;
  bool is_walking = false;  // an import cycle would be somebody's damage: it ends here
  std::vector<Cause> causes;
  std::vector<std::string> changed_imports;
  // Set by walk(): its own causes first.
  bool is_walked = false;
  std::vector<Root> roots;
  std::vector<Cause> unknown;  // imports that changed, and nothing is known of why
  bool is_proven = false;      // of this comparison alone
  std::optional<Against> against;
};

const std::vector<Cause>& causes_at(const Root& root) {
  return root.is_unknown ? root.node->unknown : root.node->causes;
}

Root root_at(const Node& node, bool is_unknown) {
  Root root;
  root.node = &node;
  root.is_unknown = is_unknown;
  const auto& causes = causes_at(root);
  // What concerns files is one package's; a flag or a version is the same for many.
  if (is_of_one_package(causes)) root.key = node.inputs.package;
  for (const Cause& cause : causes) root.key += "\n" + cause.kind + " " + cause.text;
  return root;
}

// Whether another root says all that this one does.
bool is_told(const std::vector<Root>& roots, const Root& root) {
  if (std::ranges::find(roots, root.key, &Root::key) != roots.end()) return true;
  const auto& causes = causes_at(root);
  if (is_of_one_package(causes)) return false;
  return std::ranges::all_of(causes, [&roots](const Cause& cause) {
    return std::ranges::any_of(roots, [&cause](const Root& other) {
      const auto& told = causes_at(other);
      return std::ranges::find(told, cause) != told.end();
    });
  });
}

std::vector<std::string> way_to(const Root& root) {
  std::vector<std::string> through;
  const Root* at = &root;
  while (at->via != nullptr && through.size() < k_depth_max) {
    through.push_back(at->via->inputs.package);
    const auto next = std::ranges::find(at->via->roots, root.key, &Root::key);
    if (next == at->via->roots.end()) break;
    at = &*next;
  }
  return through;
}

// What goes together with packages of the same test: "p [x.test]" imports "q [x.test]" before "q",
// and so does the program "x.test".
std::string variant_of(const std::string& package) {
  const auto at = package.find(" [");
  return at == std::string::npos ? " [" + package + "]" : package.substr(at);
}

bool is_same(const std::optional<Against>& one, const std::optional<Against>& other) {
  if (!one || !other) return one.has_value() == other.has_value();
  return one->job == other->job && one->source == other->source;
}

// Of what was made before from the same inputs.
Cause gone_cause(std::string_view reason) {
  const auto says = [](std::string_view kind, std::string_view end) {
    return Cause{std::string(kind), "made before from the same inputs" + std::string(end)};
  };
  if (reason == k_reason_remote) return says("store-fault", "; the store failed");
  if (reason == k_reason_corrupt) {
    return says("store-corrupt", "; the store has other bytes in its place");
  }
  if (reason == k_reason_ttl) return says("gone-age", "; `sluice gc` removed it for its age");
  if (reason == k_reason_evict) {
    return says("gone-size", "; `sluice gc` removed it for the size of the local tier");
  }
  if (reason == k_reason_manual) {
    return says("gone-removed", "; somebody removed it from the local tier");
  }
  if (reason == k_reason_verify) {
    return says("verify", "; made again for --verify, or removed from the local tier");
  }
  return says("gone", ", and neither this machine nor the store has the result");
}

class Explainer {
 public:
  Explainer(journal::Database& database, Explanation& result,
            const std::optional<journal::JobRow>& against)
      : database_(database), result_(result), against_(against) {
    roots_.emplace_back(result.job.checkout);
    for (const auto& command : result.commands) roots_.emplace_back(command.directory);
  }

  // Command by command: what one has of a package, in its form, is no import of another one's.
  Result<void> run() {
    for (const journal::CommandRow& command : result_.commands) {
      current_ = {command};
      based_.clear();
      nodes_.clear();
      TRY(load(command.id));
      for (auto& [package, node] : nodes_) {
        if (node.answer == Answer::missed) TRY(walk(node, 0));
      }
      for (const auto& [package, node] : nodes_) add_package(package, node);
      add_groups();
    }
    for (auto& [package, why] : packages_) result_.packages.push_back(std::move(why));
    sort_groups();
    return {};
  }

 private:
  Result<void> load(std::int64_t command) {
    TRY_ASSIGN(auto compiled, journal::compiled_by(database_, command));
    // A package that was compiled in two forms (with and without -race) stands for the last.
    for (InputsRow& row : compiled) {
      Node& node = nodes_[row.package];
      node.inputs = std::move(row);
    }
    TRY_ASSIGN(const auto hits, journal::package_hits_by(database_, command));
    for (const journal::PackageHit& hit : hits) {
      const auto [at, is_new] = nodes_.try_emplace(hit.package);
      if (!is_new) continue;
      at->second.answer = hit.answer;
      at->second.inputs.package = hit.package;
      at->second.inputs.build_id = hit.build_id;
      at->second.inputs.cost_us = hit.cost_us;
    }
    return {};
  }

  // What that job compiled the package from, or was given it for.
  Result<std::vector<InputsRow>> inputs_of_job(std::int64_t job, const std::string& package) {
    auto at = others_.find(job);
    if (at == others_.end()) {
      TRY_ASSIGN(auto inputs, journal::inputs_in(database_, job));
      at = others_.emplace(job, std::move(inputs)).first;
    }
    const auto rows = at->second.find(package);
    return rows == at->second.end() ? std::vector<InputsRow>{} : rows->second;
  }

  Result<std::vector<InputsRow>> candidates(const Node& node) {
    if (against_) return inputs_of_job(against_->id, node.inputs.package);
    return journal::earlier_inputs(database_, node.inputs.package, node.inputs.at_us,
                                   k_candidates_max);
  }

  // Of what the cache had, only the key is known at first.
  Result<void> load_inputs(Node& node) {
    if (node.answer == Answer::missed || node.is_loaded) return {};
    node.is_loaded = true;
    TRY_ASSIGN(auto inputs,
               journal::inputs_with(database_, node.inputs.package, node.inputs.build_id));
    if (!inputs) return {};
    node.inputs = std::move(*inputs);
    node.inputs.at_us = result_.job.last_us;
    return {};
  }

  // Finds this package's own causes and what of its imports differs.
  Result<void> compare(Node& node) {
    node.is_compared = true;
    TRY(load_inputs(node));
    if (node.answer != Answer::missed) {
      if (node.inputs.text.empty()) return {};
    } else {
      TRY_ASSIGN(const auto same,
                 journal::same_inputs_before(database_, node.inputs, result_.job.id));
      if (same) return found_gone(node, *same);
    }
    TRY_ASSIGN(auto earlier, candidates(node));
    std::erase_if(earlier,
                  [&node](const InputsRow& row) { return row.build_id == node.inputs.build_id; });
    if (earlier.empty()) {
      return found_new(node);
    }
    if (!against_) TRY(put_likely_first(node, earlier));
    return found_nearest(node, earlier);
  }

  Result<const std::vector<journal::CommandRow>*> commands_of(std::int64_t job) {
    const auto at = commands_.find(job);
    if (at != commands_.end()) return &at->second;
    std::vector<journal::CommandRow> rows;
    if (job != 0) {
      TRY_ASSIGN(rows, journal::commands_of(database_, job));
    }
    return &commands_.emplace(job, std::move(rows)).first->second;
  }

  struct Miss {
    std::string_view reason;  // one of k_reasons; empty: no such lookup
    bool is_absent_in_store = false;
  };
  // Why the lookup of this package's result missed.
  Result<Miss> reason_of_miss(const Node& node) {
    if (!history_) {
      TRY_ASSIGN(history_, MissHistory::load(database_, result_.job));
      TRY_ASSIGN(lookups_, journal::lookups_in(database_, result_.job.id));
    }
    const auto key = journal::build_key(node.inputs.build_id);
    if (!key) return Miss{};
    for (const journal::LookupRow& row : lookups_) {
      const bool is_it = std::ranges::equal(row.action.view().first(key->size()), *key);
      if (is_it && row.answer == Answer::missed) {
        return Miss{history_->reason_of(row, journal::k_kind_archive),
                    history_->is_absent_in_store(row)};
      }
    }
    return Miss{};
  }

  bool has_store_failed() const {
    return std::ranges::any_of(
        result_.faults, [](const journal::FaultRow& fault) { return fault.reason == "store"; });
  }

  Against against_of(const InputsRow& row) const {
    // What it was given by the cache is no compilation of that job, but it had it.
    return {against_ && row.job == 0 ? against_->id : row.job, row.source, row.at_us};
  }

  Result<void> found_gone(Node& node, const InputsRow& same) {
    node.against = against_of(same);
    TRY_ASSIGN(const Miss miss, reason_of_miss(node));
    const std::string_view reason = miss.reason;
    node.is_proven = reason != k_reason_unknown && reason != k_reason_verify;
    node.causes = {gone_cause(reason)};
    if (reason == k_reason_new && has_store_failed()) {
      node.is_proven = false;  // its index may have been an old one
      node.causes = {gone_cause(k_reason_remote)};
    } else if (reason == k_reason_new && same.source.empty()) {
      TRY_ASSIGN(const bool was_stored,
                 journal::has_stored(database_, same.build_id, result_.job.id));
      if (!was_stored) {
        node.causes = {{"no-result",
                        "compiled before from the same inputs, which left no result: it failed, "
                        "or was cut"}};
      }
    }
    if (node.causes.front().kind == "gone" && !miss.is_absent_in_store) {
      node.is_proven = false;
      node.causes = {
          {"gone",
           "made before from the same inputs, and this machine does not have the result; "
           "what the store has was not known"}};
    }
    return {};
  }

  Result<void> found_new(Node& node) {
    node.is_proven = true;  // the journal and the store know of none
    node.causes = {{"never-built",
                    against_ ? "that job had no such package" : "never built before in any scope"}};
    if (against_) return {};
    if (!has_store_failed()) {
      TRY_ASSIGN(const bool knows, journal::has_earlier(database_, result_.job.first_us));
      if (knows) return {};
      node.is_proven = false;
      node.causes = {{"never-built", "no build of it is known: the journal begins with this job"}};
      return {};
    }
    TRY_ASSIGN(const Miss miss, reason_of_miss(node));
    node.is_proven = miss.reason == k_reason_remote;
    node.causes = {{"store-fault", "the store failed, and this machine knows of no earlier build"}};
    return {};
  }

  // Of equally near builds that of a job with which the imports are compared comes first: another
  // one may have been built otherwise altogether, and they would tell of it. And those of other
  // jobs: what this one has built in another form before says nothing of what has changed.
  // `earlier` is in order.
  Result<void> put_likely_first(const Node& node, std::vector<InputsRow>& earlier) {
    std::vector<Against> likely;
    for (const std::string_view line : split(node.inputs.text, '\n')) {
      const auto words = split(line, ' ');
      if (words.size() != 3 || words[0] != "import") continue;
      Node* const import = import_node(node, std::string(words[1]));
      if (import == nullptr || import->answer != Answer::missed) continue;
      if (!import->is_compared) TRY(compare(*import));
      if (import->against) likely.push_back(*import->against);
    }
    std::ranges::stable_partition(
        earlier, [this](const InputsRow& row) { return row.job != result_.job.id; });
    std::ranges::stable_partition(earlier, [&likely](const InputsRow& row) {
      return std::ranges::any_of(likely, [&row](const Against& one) {
        return one.job == row.job && one.source == row.source;
      });
    });
    return {};
  }

  // What this job has as the import of a package.
  Node* import_node(const Node& node, const std::string& import) {
    const auto variant = nodes_.find(import + variant_of(node.inputs.package));
    const auto at = variant != nodes_.end() ? variant : nodes_.find(import);
    return at == nodes_.end() ? nullptr : &at->second;
  }

  Result<void> found_nearest(Node& node, const std::vector<InputsRow>& earlier) {
    const std::string now = text_of(node.inputs);
    const auto nearest = nearest_inputs(earlier, now);
    if (!nearest) return {};
    const InputsRow& row = *nearest->row;
    const std::vector<InputChange>& changes = nearest->changes;
    node.against = against_of(row);
    node.is_proven = is_proven(node.inputs, now) && nearest->is_proven;
    node.causes = causes_of(changes, now);
    TRY(name_replaced(node, changes));
    TRY_ASSIGN(const auto* before, commands_of(row.job));
    if (changes.empty()) {
      node.is_proven = false;
      node.causes = causes_of_unlinked(*before, current_);
      return {};
    }
    add_flags(node.causes, changes, {*before, text_of(row)}, {current_, now}, roots_);
    for (const InputChange& change : changes) {
      if (change.kind == InputKind::import && change.before && change.after) {
        node.changed_imports.push_back(change.name);
      }
    }
    if (node.causes.empty() && node.changed_imports.empty()) {
      node.causes = causes_of_imports(changes);
    }
    return {};
  }

  // A package that lies elsewhere while the checkout does not: its module's place is what differs.
  Result<void> name_replaced(Node& node, const std::vector<InputChange>& changes) {
    const auto moved = std::ranges::find(changes, InputKind::directory, &InputChange::kind);
    const auto cause =
        std::ranges::find(node.causes, gotool::name_of(InputKind::directory), &Cause::kind);
    if (moved == changes.end() || cause == node.causes.end() || node.against->job == 0) return {};
    TRY_ASSIGN(const auto other, journal::find_job(database_, std::to_string(node.against->job)));
    if (other.checkout != result_.job.checkout) return {};
    *cause = directory_in_checkout(*moved);
    return {};
  }

  // The import of a package as it is compared with what the package was compared with: the import
  // of that job, which need not be the nearest to this one. Nothing where it is the same there.
  Result<Node*> import_of(const Node& node, const std::string& import) {
    Node* const found = import_node(node, import);
    if (found == nullptr) return nullptr;
    Node& own = *found;
    if (!own.is_compared) TRY(compare(own));
    const std::int64_t job = node.against ? node.against->job : 0;
    if (job == 0) return &own;  // told by the store, and not what else was there
    if (own.against && own.against->job == job) return &own;
    const auto [based, is_new] = based_.try_emplace({own.inputs.package, job});
    Node& other = based->second;
    if (!is_new) return other.is_compared ? &other : nullptr;
    TRY_ASSIGN(auto rows, inputs_of_job(job, own.inputs.package));
    const auto same = std::erase_if(
        rows, [&own](const InputsRow& row) { return row.build_id == own.inputs.build_id; });
    if (same > 0 && rows.empty()) return nullptr;
    other.inputs = own.inputs;
    other.answer = own.answer;
    other.is_compared = true;
    if (!rows.empty()) {
      TRY(found_nearest(other, rows));
    } else {
      other.causes = own.causes;  // likely, and no more: the journal has not that job's
      other.changed_imports = own.changed_imports;
      other.against = own.against;
    }
    return &other;
  }

  // Where the causes lie: here, and in every import that leads to some.
  Result<void> walk(Node& node, std::size_t depth) {
    if (node.is_walked || node.is_walking) return {};
    node.is_walking = true;
    if (!node.is_compared) TRY(compare(node));
    if (!node.causes.empty()) node.roots.push_back(root_at(node, false));
    std::vector<std::string> unknown;
    for (const std::string& name : node.changed_imports) {
      if (depth == k_depth_max) break;
      TRY_ASSIGN(Node* const import, import_of(node, name));
      if (import != nullptr) TRY(walk(*import, depth + 1));
      if (import == nullptr || import->roots.empty() || causes_at(import->roots.front()).empty()) {
        unknown.push_back(name);
        continue;
      }
      for (const Root& root : import->roots) {
        if (node.roots.size() == k_roots_max || is_told(node.roots, root)) continue;
        node.roots.push_back(root);
        node.roots.back().via = import;
        node.roots.back().is_proven = root.is_proven && import->is_proven;
      }
    }
    // Another compiler explains all of them.
    const bool is_other_go = std::ranges::find(node.causes, gotool::name_of(InputKind::compiler),
                                               &Cause::kind) != node.causes.end();
    if (!unknown.empty() && !is_other_go) {
      node.unknown = causes_of_dependencies(unknown);
      node.roots.push_back(root_at(node, true));
    }
    if (node.roots.empty()) node.roots.push_back(root_at(node, false));
    node.is_walking = false;
    node.is_walked = true;
    return {};
  }

  void add_package(const std::string& package, const Node& node) {
    PackageWhy why;
    why.package = package;
    why.answer = node.answer;
    why.cost_us = node.inputs.cost_us;
    if (node.answer == Answer::missed) {
      const Root& first = node.roots.front();
      why.root = first.node->inputs.package;
      why.causes = causes_at(first);
      why.through = way_to(first);
      why.is_way_proven = first.is_proven;
      why.is_proven = node.is_proven && first.is_proven;
      why.against = first.node->against;
      why.base = node.against;
      for (std::size_t i = 1; i < node.roots.size() && i <= k_also_max; ++i) {
        const Root& root = node.roots[i];
        why.also.push_back({root.node->inputs.package, causes_at(root), way_to(root),
                            node.is_proven && root.is_proven, root.is_proven, root.node->against});
      }
      why.also_more = node.roots.size() - 1 - why.also.size();
    }
    // Of several commands the last one counts that compiled it, else the last; the costs of all.
    const auto [at, is_new] = packages_.try_emplace(package, why);
    if (is_new || (why.is_hit() && !at->second.is_hit())) return;
    if (!at->second.is_hit()) why.cost_us += at->second.cost_us;
    at->second = std::move(why);
  }

  void add_groups() {
    for (const auto& [package, node] : nodes_) {
      if (node.answer != Answer::missed) continue;
      if (is_standard(node.inputs.text)) standard_.insert(package);
      for (const Root& root : node.roots) add_to(groups_[root.key], node, root);
    }
  }

  void sort_groups() {
    for (auto& [key, group] : groups_) {
      // The root first, then one's own before those of go, which are the same for everybody.
      std::ranges::stable_sort(group.packages, {}, [&](const std::string& package) {
        return package == group.root ? 0 : standard_.contains(package) ? 2 : 1;
      });
      group.is_proven = group.is_proven && group.unproven < group.packages.size();
      result_.groups.push_back(std::move(group));
    }
    std::ranges::stable_sort(result_.groups, std::greater{},
                             [](const Group& group) { return group.packages.size(); });
  }

  static void add_to(Group& group, const Node& node, const Root& root) {
    group.is_proven = group.is_proven || root.node->is_proven;
    if (group.packages.empty()) {
      group.causes = causes_at(root);
      group.root = is_of_one_package(group.causes) ? root.node->inputs.package : "";
      group.against = root.node->against;
    } else if (!is_same(group.against, root.node->against)) {
      group.against.reset();
    }
    group.cost_us += node.inputs.cost_us;
    if (std::ranges::find(group.packages, node.inputs.package) != group.packages.end()) return;
    if (!node.is_proven || !root.is_proven) ++group.unproven;
    group.packages.push_back(node.inputs.package);
  }

  journal::Database& database_;
  Explanation& result_;
  const std::optional<journal::JobRow>& against_;
  std::vector<sys::Path> roots_;  // where modules of this job may lie
  std::map<std::int64_t, std::vector<journal::CommandRow>> commands_;  // of other jobs
  std::optional<MissHistory> history_;  // with lookups_: where somebody asked
  std::vector<journal::LookupRow> lookups_;
  std::map<std::string, PackageWhy> packages_;
  std::map<std::string, Group> groups_;  // by the key of their root
  std::set<std::string> standard_;       // of go itself, among those that were compiled
  // Of the command that is explained:
  std::vector<journal::CommandRow> current_;  // that one
  std::map<std::string, Node> nodes_;
  std::map<std::pair<std::string, std::int64_t>, Node> based_;  // compared with that job
  std::map<std::int64_t, std::map<std::string, std::vector<InputsRow>>> others_;  // of other jobs
};

}  // namespace

Result<Explanation> explain(journal::Database& database, const journal::JobRow& job,
                            const std::optional<journal::JobRow>& against) {
  Explanation result;
  result.job = job;
  TRY_ASSIGN(result.commands, journal::commands_of(database, job.id));
  TRY_ASSIGN(result.faults, journal::faults_in(database, job.id));
  TRY_ASSIGN(const auto answers, journal::answers_in(database, job.id));
  for (const journal::AnswerTotal& total : answers) {
    result.lookups += total.count;
    if (total.answer == journal::Answer::missed) result.missed += total.count;
  }
  TRY(Explainer(database, result, against).run());
  TRY(explain_tests(database, result, against.has_value()));
  TRY(explain_links(database, result));
  return result;
}

}  // namespace sluice::insight
