#include "insight/nearest_inputs.hpp"

#include "gotool/action_text.hpp"

#include <set>
#include <tuple>
#include <utility>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;

bool has_modinfo(std::string_view text) {
  return text.starts_with("modinfo ") || text.find("\nmodinfo ") != std::string_view::npos;
}

std::vector<InputChange> changes_between(std::string_view before, std::string_view now) {
  if (has_modinfo(before) != has_modinfo(now)) {
    auto changes =
        gotool::input_changes(gotool::with_modinfo(before, ""), gotool::with_modinfo(now, ""));
    if (!changes.empty()) return changes;
  }
  return gotool::input_changes(before, now);
}

// How far apart, the weightiest first: a side of which not all is known, how it was built, its own
// files, what it imports.
using Distance = std::tuple<bool, std::size_t, std::size_t, std::size_t, bool>;
Distance distance_of(const std::vector<InputChange>& changes, bool is_half_known,
                     Unlinked unlinked) {
  std::size_t others = 0;
  std::size_t files = 0;
  std::size_t imports = 0;
  std::multiset<std::string> came;  // contents of new files
  for (const InputChange& change : changes) {
    if (change.kind == InputKind::file && !change.before && change.after)
      came.insert(*change.after);
  }
  for (const InputChange& change : changes) {
    if (change.kind == InputKind::import) {
      ++imports;
    } else if (change.kind != InputKind::file) {
      ++others;
    } else {
      // A file that was renamed is one change.
      const auto same = change.before && !change.after ? came.find(*change.before) : came.end();
      if (same == came.end())
        ++files;
      else
        came.erase(same);
    }
  }
  return {is_half_known && unlinked == Unlinked::last, others, files, imports, is_half_known};
}

}  // namespace

std::string text_of(const journal::InputsRow& inputs) {
  if (inputs.modinfo.empty()) return inputs.text;
  return gotool::with_modinfo(inputs.text, inputs.modinfo);
}

bool is_proven(const journal::InputsRow& inputs, const std::string& text) {
  return gotool::proves(inputs.salt, text, inputs.build_id);
}

std::optional<Nearest> nearest_inputs(const std::vector<journal::InputsRow>& earlier,
                                      std::string_view now, Unlinked unlinked) {
  std::optional<Distance> best;
  std::optional<Nearest> nearest;
  std::string before;
  for (const journal::InputsRow& row : earlier) {
    std::string text = text_of(row);
    auto list = changes_between(text, now);
    const Distance distance = distance_of(list, has_modinfo(text) != has_modinfo(now), unlinked);
    if (best && *best <= distance) continue;
    best = distance;
    nearest = Nearest{&row, std::move(list), false};
    before = std::move(text);
  }
  if (!nearest) return nearest;
  nearest->is_proven = is_proven(*nearest->row, before);
  // One fact, not a line for each setting of the information.
  if (has_modinfo(before) != has_modinfo(now) &&
      gotool::with_modinfo(before, "") == gotool::with_modinfo(now, "")) {
    const std::optional<std::string> is_there = "true";
    nearest->changes = {InputChange{InputKind::build_info, std::string(k_program),
                                    has_modinfo(before) ? is_there : std::nullopt,
                                    has_modinfo(now) ? is_there : std::nullopt}};
  }
  return nearest;
}

}  // namespace sluice::insight
