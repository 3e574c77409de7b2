// A TOML file as a flat list of settings, each with its place for messages.
//
// A facade over toml++, which stays inside this room. Values own what they hold: any thread. Text
// that is no TOML, past the size bound, or holds dates, empty tables or lists of anything but
// strings is Code::invalid.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::codec {

inline constexpr std::size_t k_toml_size_max = 1U << 20U;  // bytes of text

struct TomlEntry {
  std::string key;  // dotted: "table.name"; a part that is no bare key keeps its quotes
  std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>> value;
  std::uint32_t line = 0;  // of the key, counted from 1
};

// Entries in the order of the file. `source` names the file in errors: "sluice.toml:3: expected
// '='".
Result<std::vector<TomlEntry>> parse_toml(std::string_view text, std::string_view source);

}  // namespace sluice::codec
