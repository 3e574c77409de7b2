// Any bytes as an INI file: an error is one line that names the source.
#include "base/bytes.hpp"
#include "codec/ini.hpp"

#include <cstdint>
#include <cstdlib>

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto ini = codec::parse_ini(text_of(std::as_bytes(std::span(data, size))), "input");
  if (!ini) {
    if (!ini.error().message.starts_with("input:")) std::abort();
    return 0;
  }
  for (const auto& [name, section] : *ini) {
    for (const auto& [key, value] : section) {
      if (key.empty()) std::abort();
    }
  }
  return 0;
}
