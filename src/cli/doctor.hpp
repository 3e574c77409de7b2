// `sluice doctor`: examines what a job depends on, which so far is the store.
//
// Owns nothing; called once, from the main thread. Exit 2 for bad settings, 1 where a job could not
// use the store.
#pragma once

#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "store/checkup.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

// What was found, for people and for programs.
std::string checkup_text(std::string_view store, std::string_view domain,
                         const store::Checkup& found);
codec::Json checkup_json(std::string_view store, std::string_view domain,
                         const store::Checkup& found);

int run_doctor(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
