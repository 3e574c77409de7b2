// Removes all that one trust domain has in a store.
//
// Blocking, called by one thread; uses at most `at_once` threads of its own, all ended on return.
// Heads go first: jobs that run meanwhile find nothing rather than half of it. What a job writes
// meanwhile may stay. What lies in the store and is not sluice's stays. Errors: the store's, and
// Code::unsupported for one that cannot list and remove; what resists is counted.
#pragma once

#include "base/result.hpp"
#include "store/objects.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace sluice::store {

struct RemovalOptions {
  bool dry_run = false;
  std::size_t at_once = 16;
  // From the caller's thread.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

struct RemovalReport {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
  std::string first_failure;
};

Result<RemovalReport> remove_domain(Objects& objects, const std::string& domain,
                                    const RemovalOptions& options);

}  // namespace sluice::store
