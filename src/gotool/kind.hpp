// What a body that go stores is, told from its bytes: archives, module indexes, test logs, the
// rest.
//
// Pure functions on memory, but index_can_recur may stat one file. Any thread. A guess here decides
// only what is uploaded and how it is reported, never whether a hit is right. No errors: hostile or
// unknown bytes are BodyKind::other and nothing. Index format:
// cmd/go/internal/modindex/index_format.txt.
#pragma once

#include "base/bytes.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::gotool {

enum class BodyKind : std::uint8_t {
  other,
  archive,        // a compiled package
  module_index,   // several packages: keyed by the module's directory in the module cache
  package_index,  // one package: mostly keyed by modification times
  test_log,       // what a test opened and read from its environment
  test_output,    // what a passing test printed
  cover_profile,  // what it covered
};

inline constexpr std::size_t k_classify_bytes = 1024;  // enough of the beginning, and of the end

// `last_bytes` may be empty when the end is not known yet; then no test_output is told.
BodyKind classify(ByteView first_bytes, ByteView last_bytes = {});

// The directory that a package index describes, from the file names in its positions. Nothing when
// the body is no index of one package, or the package has no imports, embeds or directives.
std::optional<std::string> indexed_directory(ByteView whole_body);

// Whether the key of this index can be asked for again by another job: true for modules of the
// module cache and for GOROOT's packages (their times come with the distribution), false for
// packages of a checkout and of a toolchain inside the module cache (their times are those of
// checkout and extraction).
bool index_can_recur(ByteView body, const sys::Path& goroot, const sys::Path& gomodcache);

}  // namespace sluice::gotool
