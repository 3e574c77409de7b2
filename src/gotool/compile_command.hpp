// What a command line of Go's compiler says of the package that it makes.
//
// Pure functions on words: any thread. A call that is not the go command's own for one package
// (`go tool compile`, Bazel, gccgo) is Code::unsupported. Source: cmd/go/internal/work/gc.go.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::gotool {

struct CompileCommand {
  sys::Path object_directory;  // $WORK/b001
  std::string package;         // -p: "main" for a program
  std::string language;        // "1.24", of -lang
  std::string build_id;        // the first half of -buildid
  std::string go_version;      // "go1.27.4", maybe with " X:experiments"
  bool is_standard = false;
  bool is_complete = false;  // -complete: Go files and headers only
  bool has_dwarf = true;
  bool has_assembly = false;          // -symabis or -asmhdr
  std::vector<std::string> gc_flags;  // of the user and of the build mode, -race among them
  std::string local_prefix;           // -D
  std::string coverage_config;        // files; empty where the call names none
  std::string profile;
  std::string import_config;
  std::string embed_config;
  std::vector<std::pair<std::string, std::string>> rewrites;  // -trimpath: FROM=>TO
  std::vector<std::string> sources;

  // $WORK; what lies below is another path in every run.
  sys::Path work_directory() const { return object_directory.parent_path(); }
  bool is_below_work(const sys::Path& path) const;
};

// `words` are those after the tool.
Result<CompileCommand> parse_compile_command(const std::vector<std::string>& words);

}  // namespace sluice::gotool
