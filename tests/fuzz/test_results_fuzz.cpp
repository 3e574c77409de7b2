// Any bytes as an inputs record, as a test's log, as a go.mod and as git's listing: refused or
// understood, and a record that is understood is written as it was read.
#include "gotool/content_times.hpp"
#include "gotool/modules.hpp"
#include "gotool/testlog.hpp"
#include "gotool/testlog_record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const ByteView bytes = std::as_bytes(std::span(data, size));
  if (const auto record = gotool::TestRecord::decode(bytes)) {
    const auto again = gotool::TestRecord::decode(record->encode());
    if (!again || again->encode() != record->encode()) std::abort();
    const std::vector<gotool::MainModule> modules = {{"m", "/nonexistent/m"}};
    static_cast<void>(gotool::place_of_package(record->import_path, modules, "/nonexistent/go"));
  }
  const gotool::PackagePlace place{"/nonexistent/m/p", "/nonexistent/m"};
  if (const auto inputs = gotool::test_inputs(bytes, place)) {
    for (const auto& input : *inputs) {
      const bool is_file = input.op == gotool::TestOp::open || input.op == gotool::TestOp::stat;
      if (is_file && !input.path.starts_with('/')) std::abort();
    }
  }
  static_cast<void>(gotool::module_path_of(text_of(bytes)));
  for (const auto& file : gotool::parse_tracked(text_of(bytes))) {
    if (file.path.empty() || file.path.starts_with('/')) std::abort();
  }
  return 0;
}
