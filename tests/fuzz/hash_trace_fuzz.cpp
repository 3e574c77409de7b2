// Any bytes as what go prints with GODEBUG=gocachehash=1: the same in one piece and in many,
// nothing is proven that does not recompute, and whatever comes of it is understood by who explains
// it.
#include "base/bytes.hpp"
#include "gotool/hash_trace.hpp"
#include "insight/traced_actions.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Read {
  insight::TracedActions actions{std::nullopt};
  gotool::HashCounts counts;
  std::string other;
};

Read read(std::string_view text, std::size_t piece_size) {
  Read result;
  gotool::HashTrace trace(
      {[&result](gotool::TracedHash hash) {
         const auto sum = sha256_as<ActionId>(bytes_of(hash.salt + hash.text));
         require(!hash.is_proven || sum == hash.sum);
         result.actions.add(std::move(hash));
       },
       [&result](const gotool::TracedSubkey& subkey) { result.actions.add(subkey); },
       [&result](std::string_view line) { result.other += line; }});
  for (; !text.empty(); text.remove_prefix(std::min(piece_size, text.size()))) {
    trace.feed(text.substr(0, piece_size));
  }
  trace.finish();
  result.counts = trace.counts();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(std::as_bytes(std::span(data, size)));
  const Read whole = read(text, size + 1);
  const Read pieces = read(text, 7);
  require(whole.other == pieces.other);
  require(whole.counts.bytes == size && pieces.counts.bytes == size);
  require(whole.counts.hashes == pieces.counts.hashes);
  require(whole.counts.hashes_proven == pieces.counts.hashes_proven);
  require(whole.counts.hashes_proven <= whole.counts.hashes);
  require(whole.counts.subkeys_proven <= whole.counts.subkeys);
  require(whole.actions.steps().size() == pieces.actions.steps().size());
  require(whole.actions.tests().size() == pieces.actions.tests().size());
  require(whole.actions.tests_without_log().size() == pieces.actions.tests_without_log().size());
  return 0;
}
