// What a test process has for itself on this machine: a number, a range of ports and a seed.
//
// Numbers are those of all test processes of this user, whichever command started them: each is a
// lock on a file, which goes with the process that holds it. One thread. The names of what a test
// is told: docs/guide/test-classes.md.
#pragma once

#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runner {

inline constexpr unsigned k_slots_max = 200;
inline constexpr unsigned k_ports_first = 10'000;  // below those that the system hands out
inline constexpr unsigned k_ports_by_slot = 100;

struct Slot {
  unsigned number = 0;  // the smallest that nobody has
  sys::FileLock lock;
};

class Slots {
 public:
  explicit Slots(sys::Path directory) : directory_(std::move(directory)) {}
  // Of this user, whatever a command's environment says of directories.
  static Slots of_user();

  // Nothing where all are taken, or the directory cannot be written to.
  std::optional<Slot> take() const;

 private:
  const sys::Path directory_;
};

// SLUICE_SLOT, SLUICE_PORTS ("10200-10299"); nothing without a slot. SLUICE_SEED.
std::vector<std::pair<std::string, std::string>> variables_of(const std::optional<Slot>& slot,
                                                              std::uint64_t seed);

}  // namespace sluice::runner
