// Keys that go derives from an action by name: cache.Subkey of cmd/go/internal/cache/hash.go.
//
// Pure functions and constants: any thread, no errors.
#pragma once

#include "base/digest.hpp"

#include <array>
#include <string_view>

namespace sluice {

// SHA-256 of "subkey:", the parent's 32 bytes, and the description.
ActionId subkey(const ActionId& parent, std::string_view description);

// The descriptions with a fixed text in Go 1.24 to 1.27, often asked for first. Manifests refer to
// them by position: entries are only ever added at the end.
inline constexpr std::size_t k_subkey_description_count = 17;
extern const std::array<std::string_view, k_subkey_description_count> k_subkey_descriptions;

}  // namespace sluice
