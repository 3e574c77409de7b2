// Any bytes as XML: refused, or a tree within its bounds.
#include "base/bytes.hpp"
#include "codec/xml.hpp"

#include <cstdint>
#include <cstdlib>

using namespace sluice;

namespace {

std::size_t count(const codec::XmlElement& element, std::size_t depth) {
  if (depth > codec::k_xml_depth_max || element.name.empty()) std::abort();
  std::size_t sum = 1;
  for (const auto& child : element.children) sum += count(child, depth + 1);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto xml = codec::parse_xml(text_of(std::as_bytes(std::span(data, size))));
  if (xml && count(*xml, 1) > codec::k_xml_elements_max) std::abort();
  return 0;
}
