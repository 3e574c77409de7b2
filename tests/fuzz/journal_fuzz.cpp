// The first byte chooses: 'e' a spool's events, anything else what a machine tells of its packages.
// No bytes crash a reader, and what is read is written and read again as it was.
#include "journal/event.hpp"
#include "journal/known_inputs.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  if (data[0] == 'e') {
    const auto events = journal::decode(bytes);
    if (journal::decode(journal::encode(events)) != events) std::abort();
    return 0;
  }
  const auto known = journal::KnownInputs::decode(bytes);
  if (!known) return 0;
  const auto again = journal::KnownInputs::decode(known->encode());
  if (!again || again->list != known->list) std::abort();
  return 0;
}
