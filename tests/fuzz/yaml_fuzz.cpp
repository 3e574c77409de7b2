// YAML of any kind: an error is one line that names the source; trees keep within their bounds.
#include "base/bytes.hpp"
#include "codec/yaml.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::codec;

namespace {

std::size_t count(const YamlNode& node, std::size_t depth) {
  if (node.line == 0 || depth > k_yaml_depth_max + 1) std::abort();
  if (!node.is_sequence() && !node.items.empty()) std::abort();
  if (!node.is_mapping() && !node.members.empty()) std::abort();
  std::size_t sum = 1;
  for (const YamlNode& item : node.items) sum += count(item, depth + 1);
  for (const YamlMember& member : node.members) sum += count(member.value, depth + 1);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto documents = parse_yaml(text_of(std::as_bytes(std::span(data, size))), "input.yml");
  if (!documents) {
    const std::string& message = documents.error().message;
    if (!message.starts_with("input.yml:")) std::abort();
    if (message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  std::size_t sum = 0;
  for (const YamlNode& document : *documents) sum += count(document, 1);
  if (sum > k_yaml_nodes_max) std::abort();
  return 0;
}
