#include "gotool/subkey.hpp"

namespace sluice::gotool {
namespace {

// The first descriptions of the table; the others belong to few packages or to the C compiler.
constexpr std::size_t k_predicted_count = 5;

}  // namespace

std::vector<ActionId> predicted_subkeys(const ActionId& action) {
  std::vector<ActionId> keys;
  keys.reserve(k_predicted_count);
  for (std::size_t i = 0; i < k_predicted_count; ++i) {
    keys.push_back(subkey(action, k_subkey_descriptions[i]));
  }
  return keys;
}

}  // namespace sluice::gotool
