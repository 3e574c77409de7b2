// XML as object stores answer it: elements and their text, read into a tree within bounds.
//
// A reader of a subset, on purpose (docs/decisions/own-xml-reader.md): no document types, no
// entities but the five and numbers, attributes passed over, names without their prefix. Values;
// any thread. Errors: Code::invalid for what is no such XML, Code::exhausted above a bound.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::codec {

inline constexpr std::size_t k_xml_size_max = 8U << 20U;  // bytes of text
inline constexpr std::size_t k_xml_depth_max = 16;        // elements inside each other
inline constexpr std::size_t k_xml_elements_max = 64U << 10U;

struct XmlElement {
  std::string name;
  std::string text;  // all text directly inside, blanks at the ends removed
  std::vector<XmlElement> children;

  const XmlElement* find(std::string_view child) const;  // the first of this name
  std::string text_of(std::string_view child) const;     // empty when there is none
};

Result<XmlElement> parse_xml(std::string_view text);

// Text as it stands between tags.
std::string xml_escape(std::string_view text);

}  // namespace sluice::codec
