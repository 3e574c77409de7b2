// Files as go's os package describes them, to the byte: what go's own keys of tests are made of.
//
// Functions on paths and values, any thread; times are printed in this process's time zone, as go
// started with the same environment prints them. Errors that go would print in words that we do
// not know are nothing. Source: os/stat_linux.go, os/types.go, time/format.go, syscall's table of
// errors, of Go 1.24 to 1.27.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct stat;
struct timespec;

namespace sluice::gotool {

UnixNanos unix_ns(const timespec& time);

// fs.FileMode of a file's st_mode, as its unsigned number.
std::uint32_t go_file_mode(std::uint32_t st_mode);

// "2006-01-02 15:04:05.999999999 -0700 MST", time.Time's %v.
std::string go_time_text(UnixNanos time_ns);

// "stat 5 1a4 2026-… false\n": hashWriteStat of cmd/go/internal/test.
std::string go_stat_text(const struct stat& info);

// "err open x: permission denied\n": what go writes there for an errno of a path operation.
std::optional<std::string> go_error_text(std::string_view op, std::string_view path, int error);

// The names in a directory, in go's order.
Result<std::vector<std::string>> list_names(const std::string& path);

}  // namespace sluice::gotool
