// The shared byte layout: the first half of the input chooses what is read from the second. A
// reader never runs past its view, never allocates more than the input, and stays failed.
#include "codec/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::codec;

namespace {

constexpr std::size_t k_text_size_max = 64;

void read_one(WireReader& reader, unsigned what) {
  const std::size_t before = reader.rest().size();
  switch (what % 9U) {
    case 0: static_cast<void>(reader.u8()); break;
    case 1: static_cast<void>(reader.u16()); break;
    case 2: static_cast<void>(reader.u32()); break;
    case 3: static_cast<void>(reader.u64()); break;
    case 4: {
      const std::uint64_t value = reader.varint();
      WireWriter writer;
      writer.varint(value);
      if (reader.ok() && writer.size() != before - reader.rest().size()) std::abort();
      break;
    }
    case 5: {
      const std::int64_t value = reader.zigzag();
      WireWriter writer;
      writer.zigzag(value);
      if (reader.ok() && writer.size() != before - reader.rest().size()) std::abort();
      break;
    }
    case 6:
      if (reader.text(k_text_size_max).size() > k_text_size_max) std::abort();
      break;
    case 7:
      if (reader.blob(k_text_size_max).size() > k_text_size_max) std::abort();
      break;
    default:
      if (reader.count(2) > before / 2) std::abort();
      break;
  }
  if (reader.rest().size() > before) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::size_t half = size / 2;
  WireReader reader(std::as_bytes(std::span(data, size)).subspan(half));
  bool failed = false;
  for (std::size_t i = 0; i < half; ++i) {
    read_one(reader, data[i]);
    if (failed && reader.ok()) std::abort();
    failed = !reader.ok();
  }
  if (reader.finish("input").has_value() != (reader.ok() && reader.rest().empty())) std::abort();
  return 0;
}
