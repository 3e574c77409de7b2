// The files that a package is made of, as the go command lists them for its ActionID.
//
// The compiler's call names the Go files; C, header, assembly and .syso files are looked for in the
// package's directory by go's rules, embedded ones come from -embedcfg, and the originals of what
// cgo and the cover tool rewrote from the //line comments of it. Reads files, keeps no state: any
// thread. A file that cannot be read has an empty hash, as for go; the one error is a source below
// $WORK whose original is not named (Code::unsupported).
#pragma once

#include "base/result.hpp"
#include "gotool/build_tags.hpp"
#include "gotool/compile_command.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct PackageFile {
  std::string name;  // relative to the package's directory
  sys::Path path;    // what is read; another one with an overlay
};
using PackageFileList = std::vector<PackageFile>;

struct PackageFiles {
  sys::Path directory;
  PackageFileList go;
  PackageFileList cgo;
  // In go's order of kinds. Several lists where tags that are not known decide, the one without
  // them first.
  std::vector<PackageFileList> others;
  // Embedded files as go lists them; a second list where tests embed what their package does, too.
  PackageFileList embedded;
  PackageFileList embedded_otherwise;
  bool uses_unsafe = false;  // one of the sources imports it, as far as a look can tell
  bool is_external_test = false;
  bool has_objective_c = false;
  Taken has_assembly = Taken::no;  // by those lists
  Taken has_cxx = Taken::no;
  Taken has_fortran = Taken::no;

  std::vector<std::string> go_lines;   // `file NAME HASH`, of go and of cgo
  std::vector<std::string> cgo_texts;  // the sources with `import "C"`
};

Result<PackageFiles> find_package_files(const CompileCommand& command, std::string_view import_path,
                                        const BuildTags& tags);

// `file NAME HASH\n`
std::string line_of_file(const PackageFile& file);

// The path that a generated file says it was made from (//line PATH:1:1): the first that does not
// lie below the work directory, else (the main package of a test) the first; empty when there is
// none.
sys::Path original_of(std::string_view text, const CompileCommand& command);

}  // namespace sluice::gotool
