// What a session counts and what a command shows of it: one struct from the session's BYE to the
// summary.
//
// Plain values; adding two is field by field. One thread at a time. Bytes and microseconds.
#pragma once

#include "codec/json.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

// Faults by reason ("store", "local-tier", …): how often, and the first one in words.
struct Fault {
  std::uint64_t count = 0;
  std::string first;
};
using Faults = std::map<std::string, Fault, std::less<>>;

inline constexpr std::size_t k_fault_reasons_max = 64;

// Counts one more; past k_fault_reasons_max reasons it is counted under "other".
void count_fault(Faults& faults, std::string_view reason, std::string_view message);
void add_faults(Faults& to, const Faults& more);
// "store: put pack …: no space left on device (3 times)" for each reason.
std::vector<std::string> describe_faults(const Faults& faults);

struct Counters {
  std::uint64_t lookups = 0;
  std::uint64_t hits_local = 0;
  std::uint64_t hits_remote = 0;
  std::uint64_t misses = 0;
  std::uint64_t puts = 0;
  std::uint64_t put_bytes = 0;
  std::uint64_t wait_us = 0;  // lookups waiting for the agent's answers, summed over sessions
  std::uint64_t bytes_down = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t blobs_up = 0;
  std::uint64_t requests_read = 0;   // to the store: GET and HEAD
  std::uint64_t requests_write = 0;  // PUT and its like
  std::uint64_t prefetched = 0;      // outputs brought in before anybody asked
  std::uint64_t not_published = 0;   // local entries of unknown origin, used but not uploaded
  std::uint64_t index_entries_skipped = 0;  // module-index entries that can never hit again
  std::uint64_t links = 0;  // that go asked for through sluice; each is one of the next four
  std::uint64_t link_hits_local = 0;
  std::uint64_t link_hits_remote = 0;
  std::uint64_t link_misses = 0;           // made by the linker
  std::uint64_t link_uncached = 0;         // made by it, and not for the cache (external linking …)
  std::uint64_t tests_reused = 0;          // results given under another key of the same contents
  std::uint64_t tests_refused = 0;         // results under go's key that are of other contents
  std::uint64_t verify_tests_checked = 0;  // packages tested again whose results are there
  std::uint64_t verify_tests_failed = 0;
  std::uint64_t verify_checked = 0;
  std::uint64_t verify_mismatched = 0;
  Faults faults;

  void add(const Counters& more);
  // Bytes, blobs, requests, prefetched: what came since.
  void subtract_transfers(const Counters& before);
  codec::JsonObject to_json() const;
  static Counters from_json(const codec::Json& json);  // absent fields are zero
};

}  // namespace sluice::agent
