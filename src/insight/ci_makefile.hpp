// A Makefile as a Pipeline: recipe lines with simple variables expanded, exported variables.
//
// No make: conditions are passed over (both branches are read), functions are left as they are
// written, included files are not read. Pure; any thread; no errors. Source: the GNU make manual.
#pragma once

#include "insight/pipeline.hpp"

#include <string_view>

namespace sluice::insight {

Pipeline read_makefile(std::string_view text, std::string_view file);

}  // namespace sluice::insight
