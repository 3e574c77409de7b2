// What a body that go stores is called in a record: the two rooms that this one joins each have
// their own enumeration. A pure function: any thread, no errors.
#pragma once

#include "gotool/kind.hpp"
#include "store/record.hpp"

namespace sluice::agent {

store::Kind kind_of(gotool::BodyKind kind);

}  // namespace sluice::agent
