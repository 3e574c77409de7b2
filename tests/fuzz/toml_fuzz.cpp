// TOML of any kind: an error is one line that names the source; entries come in the order of lines.
#include "base/bytes.hpp"
#include "codec/toml.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entries = parse_toml(text_of(std::as_bytes(std::span(data, size))), "input.toml");
  if (!entries) {
    const std::string& message = entries.error().message;
    if (!message.starts_with("input.toml:")) std::abort();
    if (message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  std::uint32_t line = 0;
  for (const TomlEntry& entry : *entries) {
    if (entry.line < line || entry.line == 0 || entry.key.empty()) std::abort();
    line = entry.line;
  }
  return 0;
}
