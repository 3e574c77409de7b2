// `sluice clear`: the explicit end of the local tier, of a trust domain of the store, or of both.
//
// Owns nothing; called once, from the main thread. Asks on a terminal, else wants --yes. Exit 2 for
// wrong words and where nobody has said yes, 1 where something resisted.
#pragma once

#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// One thing that was, or would be, emptied.
struct Cleared {
  std::string what;  // "/home/u/.cache/go-build", "trusted in s3://bucket/ci"
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
  std::string first_failure;
};
std::string cleared_text(const Cleared& cleared, bool dry_run);
codec::Json cleared_json(const std::vector<Cleared>& all, bool dry_run);

int run_clear(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
