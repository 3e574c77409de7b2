// Any bytes as an http(s) URL: what is read can be written and read again.
#include "base/bytes.hpp"
#include "net/url.hpp"

#include <cstdint>
#include <cstdlib>

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = net::parse_url(text_of(std::as_bytes(std::span(data, size))));
  if (!url) return 0;
  if (url->port == 0 || url->host.empty() || !url->path.starts_with('/')) std::abort();
  const auto again = net::parse_url(url->origin() + url->target());
  if (!again || again->host != url->host || again->port != url->port ||
      again->target() != url->target()) {
    std::abort();
  }
  return 0;
}
