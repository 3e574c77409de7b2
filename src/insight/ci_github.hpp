// A workflow of GitHub Actions, or a composite action, as a Pipeline.
//
// Pure; any thread. `file` is named in errors, which are those of parse_yaml. What has an
// unexpected shape is passed over: GitHub says that itself. Source: docs.github.com, "Workflow
// syntax".
#pragma once

#include "base/result.hpp"
#include "insight/pipeline.hpp"

#include <string_view>

namespace sluice::insight {

Result<Pipeline> read_github(std::string_view text, std::string_view file);

}  // namespace sluice::insight
