// Any bytes on the protocol's input: no crash, no body past its size, and the same answer for any
// split.
#include "gotool/cacheprog.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using sluice::gotool::Request;
using sluice::gotool::RequestReader;

struct Counter : RequestReader::Handler {
  std::uint64_t body_left = 0;
  std::string seen;

  sluice::Result<void> on_request(const Request& request) override {
    if (body_left != 0) std::abort();
    body_left = request.body_size;
    seen +=
        std::to_string(request.id) + (request.has_action ? "a" : "") + request.command_name + ";";
    return {};
  }
  sluice::Result<void> on_body(sluice::ByteView decoded) override {
    if (decoded.empty() || decoded.size() > body_left) std::abort();
    body_left -= decoded.size();
    seen += sluice::text_of(decoded);
    return {};
  }
  sluice::Result<void> on_body_end() override {
    if (body_left != 0) std::abort();
    seen += ".";
    return {};
  }
  sluice::Result<void> on_body_aborted() override {
    body_left = 0;
    seen += "!";
    return {};
  }
};

struct Outcome {
  bool ok = false;
  std::string seen;
};

Outcome read(std::string_view text, std::size_t piece) {
  Counter counter;
  RequestReader reader(counter);
  Outcome outcome{.ok = true, .seen = {}};
  for (std::size_t at = 0; at < text.size() && outcome.ok; at += piece) {
    outcome.ok = reader.feed(text.substr(at, piece)).has_value();
  }
  if (outcome.ok) outcome.ok = reader.finish().has_value();
  outcome.seen = counter.seen;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(text, size);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const Outcome pieces = read(text, piece);
    // A stream that breaks may break later when it comes in pieces, but never reads as another one.
    if (pieces.ok != whole.ok || (whole.ok && pieces.seen != whole.seen)) std::abort();
  }
  return 0;
}
