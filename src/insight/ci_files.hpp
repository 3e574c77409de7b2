// Which file of a checkout describes a pipeline, and any of them as a Pipeline.
//
// Pure; any thread. Errors are those of the readers of YAML; other texts are always read.
#pragma once

#include "base/result.hpp"
#include "insight/pipeline.hpp"

#include <optional>
#include <string_view>

namespace sluice::insight {

// Of a path relative to the checkout, with '/'; nothing for other files. What lies in ci/, .ci/,
// scripts/ and hack/ under another name than *.sh is a script when its first line says so.
std::optional<FileKind> file_kind_of(std::string_view path, std::string_view text);

Result<Pipeline> read_pipeline(FileKind kind, std::string_view text, std::string_view file);

}  // namespace sluice::insight
