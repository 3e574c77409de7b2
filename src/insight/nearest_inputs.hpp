// Of what a package was compiled from at earlier times, that which is nearest to now.
//
// Pure functions on values: any thread. A text is proven when it recomputes to its build ID
// (gotool/action_text.hpp).
#pragma once

#include "gotool/input_changes.hpp"
#include "journal/queries.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

// The text that go hashed, as far as it is known.
std::string text_of(const journal::InputsRow& inputs);
bool is_proven(const journal::InputsRow& inputs, const std::string& text);

struct Nearest {
  const journal::InputsRow* row = nullptr;  // one of those that were given
  std::vector<gotool::InputChange> changes;
  bool is_proven = false;  // the row's side
};

// Name of the change (build_info) of a main package that was built as a program on one side only:
// for a test it is compiled without build information.
inline constexpr std::string_view k_program = "as a program";

// Built the same way if possible (flags, platform, Go version), then of the fewest other files and
// imports; of equal ones the first. Nothing when there are none. A program whose build information
// is not known on one side (it was never linked) is compared without it, where there is no other.
enum class Unlinked : bool { last, alike };
// `unlinked`: how such a program is ranked: behind all others, or by what of it is known.
std::optional<Nearest> nearest_inputs(const std::vector<journal::InputsRow>& earlier,
                                      std::string_view now, Unlinked unlinked = Unlinked::last);

}  // namespace sluice::insight
