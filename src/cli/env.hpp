// `sluice env`: the variables that make plain go use the cache, printed or written with `go env
// -w`.
//
// Owns nothing; called once, from the main thread.
#pragma once

#include "base/result.hpp"
#include "cli/launch.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

// `shell` is one of sh, fish, github, dotenv. A value with a line break has no form in the last
// two: Code::invalid.
Result<std::string> variables_text(const Variables& variables, std::string_view shell);

int run_env(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
