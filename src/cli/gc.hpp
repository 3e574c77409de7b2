// `sluice gc`: keeps the local tier within a size and an age.
//
// Owns nothing; called once, from the main thread. Bad bounds are exit 2, a directory that cannot
// be read exit 1.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "gotool/collect.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::cli {

Result<gotool::CollectOptions> collect_options_of(const Invocation& invocation);
// What happened, for people and for programs.
std::string collect_text(const sys::Path& directory, const gotool::CollectReport& report,
                         bool dry_run);
std::string collect_json(const sys::Path& directory, const gotool::CollectReport& report,
                         bool dry_run);

int run_gc(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
