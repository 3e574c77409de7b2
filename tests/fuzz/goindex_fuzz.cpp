// Any bytes as a module index of go: reading stays inside them.
#include "gotool/kind.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const ByteView body = std::as_bytes(std::span(data, size));
  const auto directory = gotool::indexed_directory(body);
  if (directory && gotool::classify(body) != gotool::BodyKind::package_index) std::abort();
  static_cast<void>(gotool::index_can_recur(body, "/usr/local/go", "/home/u/go/pkg/mod"));
  return 0;
}
