// A .gitlab-ci.yml as a Pipeline.
//
// Pure; any thread. `extends` and `default` are followed within the file, `include` is not; `file`
// is named in errors, which are those of parse_yaml. Source: docs.gitlab.com, "CI/CD YAML syntax".
#pragma once

#include "base/result.hpp"
#include "insight/pipeline.hpp"

#include <string_view>

namespace sluice::insight {

Result<Pipeline> read_gitlab(std::string_view text, std::string_view file);

}  // namespace sluice::insight
