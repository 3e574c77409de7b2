// What a test consulted, in the words of its log: variables and files, with names as go sees them.
//
// Pure functions on memory but for symbolic links, which are followed where go follows them. Any
// thread. A log that go itself would not read is nothing. Source: cmd/go/internal/test/test.go
// (computeTestInputsID) and internal/testlog; docs/formats/test-results.md.
#pragma once

#include "base/bytes.hpp"
#include "gotool/modules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::gotool {

// Bytes; more is not looked at. That of prometheus' tsdb has 7 MB.
inline constexpr std::size_t k_test_log_max = std::size_t{32} << 20U;

enum class TestOp : std::uint8_t { getenv = 0, chdir = 1, stat = 2, open = 3 };
std::string_view name_of(TestOp op);

// One thing that a test consulted.
struct TestInput {
  TestOp op = TestOp::getenv;
  std::string path;  // the variable, or the path as go writes it into its key
  std::string name;  // the variable, or the path below the module's root; absolute outside of it
};

// The inputs that count for go: those in the log, without files outside the module's root.
std::optional<std::vector<TestInput>> test_inputs(ByteView log, const PackagePlace& place);

}  // namespace sluice::gotool
