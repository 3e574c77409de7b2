// `sluice gc remote`: removes from a store what no scope in use needs any more.
//
// Owns nothing; called once, from the main thread. Exit 2 for wrong words, 1 where a domain could
// not be collected or something resisted; a domain that this user may not write is passed over.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "store/collector.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

Result<store::GcPolicy> gc_policy_of(const Invocation& invocation);
// What was found and done in one trust domain, for people and for programs.
std::string gc_text(std::string_view domain, const store::GcReport& report,
                    const store::GcPolicy& policy, bool dry_run);
codec::Json gc_json(std::string_view domain, const store::GcReport& report);

int run_gc_remote(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
