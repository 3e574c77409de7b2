// Any text as a date of HTTP and as one of AWS's answers.
#include "net/response_parser.hpp"
#include "store/aws_credentials.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)net::parse_http_date(text);
  (void)store::parse_iso_time(text);
  return 0;
}
