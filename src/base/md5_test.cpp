#include "base/md5.hpp"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("MD5 as RFC 1321 has it") {
  Md5 md5;
  CHECK(md5.finish_hex() == "d41d8cd98f00b204e9800998ecf8427e");
  md5.update(bytes_of("message "));
  md5.update(bytes_of("digest"));
  CHECK(md5.finish_hex() == "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace sluice
