// The version of sluice and what it works with. Constant data: any thread.
#pragma once

#include "cli/parse.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

std::string_view version_text();  // "0.1.0", or "0.1.0+gabc1234" between releases
std::string producer_text();      // "sluice 0.1.0": what is written into manifests
std::string version_report();     // for people
std::string version_json();

int run_version(const Invocation& invocation);

}  // namespace sluice::cli
