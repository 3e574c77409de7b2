#include "runner/slots.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace sluice::runner {

Slots Slots::of_user() {
  const sys::Path directory = fmt::format("/tmp/sluice-slots-{}", ::getuid());
  (void)sys::make_private_directory(directory);  // else there are none
  return Slots(directory);
}

std::optional<Slot> Slots::take() const {
  for (unsigned number = 0; number < k_slots_max; ++number) {
    auto lock = sys::FileLock::try_acquire(directory_ / fmt::format("test-slot-{}.lock", number));
    if (!lock) return std::nullopt;
    if (*lock) return Slot{number, std::move(**lock)};
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> variables_of(const std::optional<Slot>& slot,
                                                              std::uint64_t seed) {
  std::vector<std::pair<std::string, std::string>> variables;
  variables.emplace_back("SLUICE_SEED", fmt::format("{}", seed));
  if (!slot) return variables;
  const unsigned first = k_ports_first + slot->number * k_ports_by_slot;
  variables.emplace_back("SLUICE_SLOT", fmt::format("{}", slot->number));
  variables.emplace_back("SLUICE_PORTS", fmt::format("{}-{}", first, first + k_ports_by_slot - 1));
  return variables;
}

}  // namespace sluice::runner
