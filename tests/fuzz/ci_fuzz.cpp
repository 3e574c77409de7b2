// A pipeline's file of any kind: read as each of them, examined; findings have a place and a fix.
#include "base/bytes.hpp"
#include "insight/ci_files.hpp"
#include "insight/pipeline_advice.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::insight;

namespace {

constexpr std::size_t k_size_max = 64U << 10U;

void check(const std::vector<Finding>& findings, std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  for (const Finding& finding : findings) {
    if (finding.line == 0 || finding.line > lines + 1) std::abort();
    if (finding.why().empty() || finding.what.empty() || finding.fix.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > k_size_max) return 0;
  const std::string_view text = text_of(std::as_bytes(std::span(data, size)));
  ModuleFacts module = module_facts(text, "go.mod");
  for (const FileKind kind : {FileKind::github, FileKind::gitlab, FileKind::jenkins,
                              FileKind::makefile, FileKind::script}) {
    const auto pipeline = read_pipeline(kind, text, "input");
    if (pipeline) check(advise(*pipeline, module), text);
  }
  return 0;
}
