// A pipe, as two descriptors that children do not inherit. Any thread.
#pragma once

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace sluice::sys {

struct Pipe {
  Fd reads;
  Fd writes;
};
Result<Pipe> make_pipe();
Result<Pipe> make_polled_pipe();  // reading from it does not wait

}  // namespace sluice::sys
