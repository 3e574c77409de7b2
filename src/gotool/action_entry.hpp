// The 175 bytes of a `-a` file of Go's cache: which output an action made, how large, and when.
//
// Pure functions: any thread. What does not parse exactly as Go writes it is nothing (a miss),
// never an error. Format: docs/formats/local-tier.md, from cmd/go/internal/cache/cache.go.
#pragma once

#include "base/deadline.hpp"
#include "base/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::gotool {

inline constexpr std::size_t k_action_entry_size = 175;

struct ActionEntry {
  ActionId action;
  BlobId output;
  std::uint64_t size = 0;  // bytes of the output
  UnixNanos time_ns = 0;   // when the entry was made
};

std::string encode_action_entry(const ActionEntry& entry);
// Nothing when malformed or when it is the entry of another action.
std::optional<ActionEntry> decode_action_entry(const ActionId& action, std::string_view text);

}  // namespace sluice::gotool
