// go.sum files and headers of module archives, of any kind: an error is one line; what is taken
// names modules and files that may be created, and a header is written as it was read.
#include "base/bytes.hpp"
#include "gotool/go_sum.hpp"
#include "gotool/module_archive.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

using namespace sluice;
using namespace sluice::gotool;

namespace {

void try_go_sum(ByteView bytes) {
  GoSum sums;
  const auto read = add_go_sum(text_of(bytes), "go.sum", sums);
  if (!read && read.error().message.find('\n') != std::string::npos) std::abort();
  for (const auto& [module, of] : sums) {
    if (!is_plain(module)) std::abort();
    if (of.tree.empty() && of.go_mod.empty()) std::abort();
  }
}

void try_header(ByteView bytes) {
  const auto header = decode_module_header(bytes);
  if (!header) return;
  const sys::Path root = "/tree";
  for (const ArchivedFile& file : header->files) {
    const sys::Path path = (root / file.name).lexically_normal();
    if (path != root / file.name || !path.native().starts_with("/tree/")) std::abort();
  }
  const Bytes again = encode_module_header(*header);
  if (!std::ranges::equal(ByteView(again).subspan(4), bytes)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  try_go_sum(bytes);
  try_header(bytes);
  return 0;
}
