// Notes that one tool of a go command leaves for the compiler that it starts later.
//
// What cgo and the assembler are told is part of a package's ActionID but not of the compiler's
// call. go starts them before it, through -toolexec, with the same object directory $WORK/bNNN:
// there the note lies, and go removes it with $WORK. A note that cannot be written or read is
// missing, nothing else. Any thread, any process. Errors: none are given.
//
// `sluice-cgo`: the IDs of the C, C++ and Fortran compilers, then the words after `cgo`.
// `sluice-asm`: the assembler's flags of the user and of the build mode. In both each word ends
// with a NUL. `$WORK/sluice-cc-…`: the ID of one C compiler, asked once for each go command.
#pragma once

#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// To be called before the tool is started; `words` begin with the tool, and go starts cgo in the
// package's directory. Does something for a call of cgo that reads a package (it then asks the C
// compiler who it is, about 10 ms) and for `asm -gensymabis`.
void leave_tool_note(const std::vector<std::string>& words, const sys::Environment& env,
                     const sys::Path& working_directory);

struct CgoNote {
  std::string c_id;  // of the compilers; empty when they could not be asked
  std::string cxx_id;
  std::string fortran_id;
  std::vector<std::string> words;
};
std::optional<CgoNote> read_cgo_note(const sys::Path& object_directory);
std::optional<std::vector<std::string>> read_asm_note(const sys::Path& object_directory);

// What go takes as the ID of a C compiler: the first line with its version, of what it says when
// asked for its commands (`cc -### -x c -c -`). Empty when there is none, or when it is no release.
std::string id_of_c_compiler(std::string_view said);

}  // namespace sluice::gotool
