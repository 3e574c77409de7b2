// Any bytes as each kind of S3's answers.
#include "store/s3_wire.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)store::read_s3_list(text);
  (void)store::read_s3_upload_id(text);
  (void)store::read_s3_completed(text);
  net::ResponseHead head;
  head.status = 503;
  const store::S3Problem problem = store::read_s3_problem(head, text);
  if (store::s3_error(head.status, problem, {}).message.find('\n') != std::string::npos) {
    std::abort();  // what is said is one line
  }
  return 0;
}
