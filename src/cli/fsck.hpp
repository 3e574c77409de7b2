// `sluice fsck`: checks every object of a store, and that whatever is named is there.
//
// Owns nothing; called once, from the main thread. Exit 0 where all is right, 1 where something is
// not (mended or not) or could not be checked, 2 for wrong words.
#pragma once

#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "store/fsck.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

std::string fsck_text(std::string_view domain, const store::FsckReport& report);
codec::Json fsck_json(std::string_view domain, const store::FsckReport& report);

int run_fsck(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
