// A Jenkinsfile as a Pipeline: the strings of its sh steps, environment blocks, images, places.
//
// A scanner of strings, comments and braces, no Groovy: what is computed is not there. Pure; any
// thread; no errors. Source: jenkins.io, "Pipeline Syntax".
#pragma once

#include "insight/pipeline.hpp"

#include <string_view>

namespace sluice::insight {

Pipeline read_jenkins(std::string_view text, std::string_view file);

}  // namespace sluice::insight
