#include "sys/pipe.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

namespace sluice::sys {

TEST_CASE("pipe: what is written is read, and no child inherits an end") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  REQUIRE(write_all(pipe->writes.get(), bytes_of("six")));
  Bytes read(3);
  REQUIRE(read_exact(pipe->reads.get(), read));
  CHECK(text_of(read) == "six");
  for (const int end : {pipe->reads.get(), pipe->writes.get()}) {
    CHECK((::fcntl(end, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("pipe: an empty one that is polled is not waited for") {
  auto pipe = make_polled_pipe();
  REQUIRE(pipe);
  Bytes read(1);
  CHECK_FALSE(read_some(pipe->reads.get(), read).has_value());
  pipe->writes.reset();
  CHECK(read_some(pipe->reads.get(), read) == 0);
}

}  // namespace sluice::sys
