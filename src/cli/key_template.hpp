// Keys of snapshots as people write them: `cargo-{triple}-{hash:Cargo.lock}`.
//
// expand_key reads files below the working directory and may start rustc; any thread. Every error
// is Code::invalid and names the place: what is written is wrong, or what it asks for is not there.
#pragma once

#include "base/result.hpp"
#include "cli/setup.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

// What {hash:…} is made of, for the documentation: SHA-256, this many hex digits.
inline constexpr std::size_t k_key_hash_digits = 16;

Result<std::string> expand_key(std::string_view text, const Setup& setup,
                               const sys::Environment& env);

}  // namespace sluice::cli
