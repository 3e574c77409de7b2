// The profile of -coverprofile: go writes what packages without tests have, the run adds what each
// test has counted.
//
// Pure but for append_profiles(). Source: mergeCoverProfile of cmd/go/internal/test/cover.go, Go
// 1.24 to 1.27: one line of mode, then the blocks of all tests one after the other.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <map>
#include <string>
#include <string_view>

namespace sluice::runner {

// The blocks alone; nothing of what is no profile.
std::string_view blocks_of(std::string_view profile);
// Of a run in which nothing is covered.
Result<void> write_empty_profile(const sys::Path& file);
// Behind what go has written there. Code::not_found where go has written none.
Result<void> append_profiles(const sys::Path& file,
                             const std::map<std::string, std::string>& profiles);  // by package

}  // namespace sluice::runner
