// Any bytes as a `-a` file: what decodes encodes to itself, up to the padding of its numbers.
#include "gotool/action_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.size() < 67) return 0;
  const auto action = ActionId::from_hex(text.substr(3, 64));
  if (!action) return 0;
  const auto entry = gotool::decode_action_entry(*action, text);
  if (!entry) return 0;
  const auto again = gotool::decode_action_entry(*action, gotool::encode_action_entry(*entry));
  if (!again || again->output != entry->output || again->size != entry->size ||
      again->time_ns != entry->time_ns) {
    std::abort();
  }
  return 0;
}
