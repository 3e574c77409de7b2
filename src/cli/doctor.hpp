// `sluice doctor`: finds what makes a pipeline miss its cache, and examines the store.
//
// Owns nothing; called once, from the main thread. Exit 2 for bad settings, 1 where something
// misses or may miss, or where a job could not use the store.
#pragma once

#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "insight/finding.hpp"
#include "store/checkup.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// What was found, for people and for programs.
std::string checkup_text(std::string_view store, std::string_view domain,
                         const store::Checkup& found);
codec::Json checkup_json(std::string_view store, std::string_view domain,
                         const store::Checkup& found);

// Each finding with its place, reason and the line that mends it.
std::string findings_text(const std::vector<insight::Finding>& findings, bool coloured);
codec::Json findings_json(const std::vector<insight::Finding>& findings);
std::string count_text(const std::vector<insight::Finding>& findings);

int run_doctor(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
