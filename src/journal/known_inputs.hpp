// What packages were compiled from, as one machine tells another: docs/formats/inputs.md.
//
// Values and pure functions: any thread. decode takes hostile bytes: whatever is not this format is
// Code::corrupt, a later version Code::unsupported.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "journal/event.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::journal {

inline constexpr std::size_t k_known_bytes_max = 32U << 20U;
inline constexpr std::size_t k_known_packages_max = 50'000;
inline constexpr std::size_t k_known_each_max = 3;  // entries of one package

// When go stored the archives of compiled packages, in what one spool says.
class ArchiveTimes {
 public:
  explicit ArchiveTimes(const std::vector<Event>& events);
  // From when the compiler was started; 0 where no archive of this build id was stored.
  std::uint64_t cost_us(const std::string& build_id, Micros began_us) const;

 private:
  std::map<std::string, Micros> stored_us_;
};

struct PackageInputs {
  std::string package;
  std::string build_id;  // go's 20 characters
  std::string salt;
  std::string text;
  std::uint64_t cost_us = 0;
  Micros at_us = 0;
  bool operator==(const PackageInputs&) const = default;
};

struct KnownInputs {
  std::string source;  // who tells it
  std::vector<PackageInputs> list;

  // Adds what is newer, and holds the bounds by leaving out the oldest.
  void add(const std::vector<PackageInputs>& more);

  Bytes encode() const;
  static Result<KnownInputs> decode(ByteView bytes);
};

}  // namespace sluice::journal
