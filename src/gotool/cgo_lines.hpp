// The lines of an ActionID's text that tell of cgo: who the C compilers are and their flags.
//
// Pure functions: any thread. What the note of cgo's call cannot tell for sure (which flags came
// from pkg-config) has several forms, the likeliest first. Source: cmd/go/internal/work/exec.go.
#pragma once

#include "gotool/action_text.hpp"
#include "gotool/build_tags.hpp"
#include "gotool/compile_command.hpp"
#include "gotool/package_files.hpp"
#include "gotool/tool_notes.hpp"
#include "sys/environment.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// Without a note they are what the defaults would give.
TextPieces cgo_pieces(const CompileCommand& command, const PackageFiles& files,
                      const std::optional<CgoNote>& note, std::string_view cgo_tool,
                      const BuildTags& tags, const sys::Environment& env);

// The words of the `#cgo … NAME: words` lines of a source whose conditions hold, as go/build reads
// them; ${SRCDIR} is `directory`.
std::vector<std::string> cgo_directive_words(std::string_view text, std::string_view name,
                                             const sys::Path& directory, const BuildTags& tags);

}  // namespace sluice::gotool
