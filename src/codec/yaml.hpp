// A YAML text as trees with the line of every node: what continuous-integration files are.
//
// A facade over libyaml, which stays inside this room. Scalars stay text, whatever they look like;
// an alias is a copy of what it names, `<<` merges are resolved, tags mean nothing. Values own
// what they hold: any thread. Text that is no YAML is Code::invalid with "SOURCE:LINE:", what is
// past a bound Code::exhausted.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::codec {

inline constexpr std::size_t k_yaml_size_max = 1U << 20U;    // bytes of text
inline constexpr std::size_t k_yaml_depth_max = 64;          // collections inside each other
inline constexpr std::size_t k_yaml_nodes_max = 64U << 10U;  // with those that aliases copy
inline constexpr std::size_t k_yaml_text_max = 8U << 20U;  // bytes of scalars, with the copied ones

struct YamlMember;

struct YamlNode {
  enum class Kind { scalar, sequence, mapping };

  Kind kind = Kind::scalar;
  std::uint32_t line = 0;       // where its text begins, counted from 1; for `|` the line after it
  bool is_block = false;        // `|`: line n of the text is line + n of the file
  std::string tag;              // of a collection, when it has one of its own: "!reference"
  std::string text;             // of a scalar
  std::vector<YamlNode> items;  // of a sequence
  std::vector<YamlMember> members;  // of a mapping, in the order of the file

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_mapping() const { return kind == Kind::mapping; }
  // The member of a mapping, null pointer when this is none or has none of that name.
  const YamlNode* find(std::string_view key) const;
  std::string text_or(std::string_view key, std::string_view fallback) const;
};

struct YamlMember {
  std::string key;             // empty when the key is no scalar
  std::uint32_t key_line = 0;  // of the key
  YamlNode value;
};

// The documents of the text, in order; none in an empty one.
Result<std::vector<YamlNode>> parse_yaml(std::string_view text, std::string_view source);

}  // namespace sluice::codec
