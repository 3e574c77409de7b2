// The text that the go command hashes into the ActionID of a package, and the proof of it.
//
// An ActionID is SHA-256(salt || text), and the build ID of the package begins with a short form of
// it; so a text that somebody put together is known to be the very one, or is not
// (cmd/go/internal/work, buildActionID; Go 1.24 to 1.27 write the same lines). Pure functions: any
// thread.
//
// The lines, in order; [ ] where a line is not always there, %q is gotool/go_quote.hpp:
//
//   compile
//   [dir DIR]                    without -trimpath, outside GOROOT and $WORK
//   [module PATH@VERSION]        with -trimpath, of a module; no version for a main module
//   [go VERSION]                 of a module: its go directive, empty when there is none
//   goos GOOS goarch GOARCH
//   import %q                    the import path, of a test variant without " [p.test]"
//   omitdebug BOOL standard BOOL local BOOL prefix %q
//   [trimpath]
//   [forcelibrary]               a test variant
//   [cgo %q]                     the next ones: only where there are cgo files
//   [CC=["cc"] CPPFLAGS CFLAGS LDFLAGS]      each a list of %q
//   [CC ID=%q]  [CC ID ERROR=%q]             the second since Go 1.25
//   [CXX=["c++"] CXXFLAGS] [CXX ID=%q]       where there are C++ files
//   [FC=["gfortran"] FFLAGS] [FC ID=%q]      where there are Fortran files
//   [cover %q %q]                the mode and the tool
//   [fuzz ["-d=libfuzzer"]]
//   [modinfo %q]                 programs: what `go version -m` shows
//   compile TOOL GCFLAGS GCFLAGS the compiler; flags for every package (-race), and for this one
//   [asm %q ASMFLAGS ASMFLAGS]   where there are .s files
//   GOAMD64=v1                   the architecture's variable, "=" where it has none
//   [GOEXPERIMENT=%q]
//   [magic NAME=VALUE]           GOCLOBBERDEADHASH, GOSSAFUNC, GOSSADIR, GOCOMPILEDEBUG
//   [file NAME HASH]             Go, cgo, C, C++, Fortran, Objective-C, header, assembly, .syso,
//                                SWIG and embedded files
//   [import PATH CONTENTID]      no ID for unsafe
//   [pgofile HASH]
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// The form in which build IDs and lines carry a SHA-256: its first 15 bytes, base64url.
std::string short_hash(const std::array<std::byte, 32>& digest);

// Whether this text is what go hashed. `build_id`: the action half of -buildid.
bool proves(std::string_view salt, std::string_view text, std::string_view build_id);

// A text in pieces, each with the forms that it may have, the likeliest first.
using TextPieces = std::vector<std::vector<std::string>>;
std::string likeliest_text(const TextPieces& pieces);

// Bytes that one search may hash: about 10 ms.
inline constexpr std::size_t k_proof_bytes_max = std::size_t{8} << 20U;
// The text that proves, nothing where none of those tried does. Few deviations from the likeliest
// are tried before many.
std::optional<std::string> find_proof(std::string_view salt, const TextPieces& pieces,
                                      std::string_view build_id,
                                      std::size_t bytes_max = k_proof_bytes_max);

// The forms of one line, itself first, where a compiler's call cannot tell which it was: flags may
// be for every package or for this one, a package may be local, a go directive may name a patch.
std::vector<std::string> forms_of_line(const std::string& line);

// The forms of all import lines together, given those whose archives are known, in order: go lists
// "unsafe", too, which has no archive. `uses_unsafe`: its sources import it. Without `everywhere`
// only the places are tried where go's order would have it.
std::vector<std::string> forms_of_imports(const std::vector<std::string>& lines, bool uses_unsafe,
                                          bool everywhere);

// The pieces of a whole text, with all that left open.
TextPieces pieces_of_text(std::string_view text);

// The text of a program, with its build information (runtime/debug.BuildInfo as text, as go lists
// it in the linker's importcfg) at its place; one that is there is replaced.
std::string with_modinfo(std::string_view text, std::string_view modinfo);
// The modinfo that an importcfg of the linker carries: `modinfo "…"`. What the go command hashed
// is inside two marks of 16 bytes; nothing where there is no such line.
std::optional<std::string> modinfo_of_importcfg(std::string_view importcfg);

}  // namespace sluice::gotool
