// What is kept of a test beside its result: which package it was, and what it consulted.
//
// Values; any thread. decode takes hostile bytes: whatever is not this format is Code::corrupt.
// Format: docs/formats/test-results.md, "The inputs record".
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/testlog.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::gotool {

struct TestRecord {
  struct Line {
    TestOp op = TestOp::getenv;
    std::string name;
    std::uint32_t part = 0;  // first bytes of the digest of its line: four, of a variable one
  };
  std::string import_path;
  std::uint32_t umask = 0;
  std::uint8_t godebug = 0;  // the part of GODEBUG
  std::vector<Line> lines;

  Bytes encode() const;
  static Result<TestRecord> decode(ByteView bytes);
};

}  // namespace sluice::gotool
