// The inputs of a package as the go command hashed them, from one call of its compiler.
//
// What `go` writes into an ActionID (gotool/action_text.hpp has the lines) is put together again
// from the compiler's words, its environment, its files and the notes that cgo and the assembler
// left (gotool/tool_notes.hpp); what none of these say is tried. The result is proven when its hash
// is the one in -buildid: then every line of it is a fact.
//
// Reads files of the package and the first bytes of the archives that it imports; starts nothing
// and writes nothing. To be called before the compiler has run, in the directory where go runs it.
// Any thread, no state. A usual package takes about a millisecond; a search that finds nothing ends
// within k_proof_bytes_max. Errors: Code::unsupported for a call that is not understood.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct CompileInputs {
  std::string package;     // as go names it: TOOLEXEC_IMPORTPATH, "p", "p [p.test]", "p.test"
  std::string build_id;    // the action half of -buildid
  std::string salt;        // "go1.27.4"
  std::string text;        // what go hashed; where that is not proven, what is known of it
  bool is_proven = false;  // whether salt and text give the build ID
  // A program: the text lacks its build information, which the call of the linker has. The text
  // with it is proven by prove_program().
  bool is_program = false;
};

// `words` are those after the tool, `tool_said` is what it says to -V=full (empty: that of a
// release), `env` is its environment.
Result<CompileInputs> read_compile_inputs(const std::vector<std::string>& words,
                                          std::string_view tool_said, const sys::Environment& env,
                                          const sys::Path& working_directory);

// Completes the inputs of a program by the importcfg of the linker's call; that of a program of no
// module has no build information. Pure.
CompileInputs prove_program(CompileInputs inputs, std::string_view link_importcfg);

// The content half of the build ID in the first bytes of an archive; empty when there is none.
std::string content_id_of_archive(std::string_view head);

}  // namespace sluice::gotool
