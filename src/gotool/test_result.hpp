// What go keeps of a package whose tests passed: by which key, and what it says of it later.
//
// Pure functions, but for results_expire_ns() which reads one file. Any thread. Source:
// tryCacheWithID, saveOutput and runTestActor of cmd/go/internal/test/test.go, Go 1.24 to 1.27.
#pragma once

#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// `program` is the first part of the program's build ID (its action), or the last (its content);
// `arguments` are those of the test, which allow a result to be kept (TestWords::keeps_results).
ActionId test_id(std::string_view go_version, std::string_view program,
                 const std::vector<std::string>& arguments);

// The output to show for a result that was kept: with "(cached)" for the time that it took. Nothing
// where go would not use it.
std::optional<std::string> cached_output(std::string_view kept);

// Results that are older do not count (`go clean -testcache`); 0: all do.
UnixNanos results_expire_ns(const sys::Path& gocache);

// The line behind the output of a test that passed, with that newline before it that the output may
// want: "ok  \texample.com/p\t0.012s\n".
std::string passed_line(std::string_view import_path, double elapsed_s, std::string_view output,
                        bool is_covered = false);

}  // namespace sluice::gotool
