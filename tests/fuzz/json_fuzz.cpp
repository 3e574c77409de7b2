// JSON of any kind: what is accepted is written and read back to the same text.
#include "base/bytes.hpp"
#include "codec/json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(std::as_bytes(std::span(data, size)));
  if (const auto quoted = parse_json(json_quote(text)); !quoted || !quoted->as_string()) {
    std::abort();
  }
  const auto json = parse_json(text);
  if (!json) {
    if (json.error().message.empty()) std::abort();
    return 0;
  }
  const std::string line = json->dump();
  const auto again = parse_json(line);
  const auto pretty = parse_json(json->dump_pretty());
  if (!again || again->dump() != line || !pretty || pretty->dump() != line) std::abort();
  return 0;
}
