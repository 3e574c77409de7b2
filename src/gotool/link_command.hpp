// What a command line of Go's linker asks for, and whether its result may be cached.
//
// Pure functions on words and text: any thread. What is not understood is Code::unsupported with
// the reason: the linker is run and nothing is cached. The rules: docs/formats/link-cache.md.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct LinkCommand {
  std::string output;                   // -o
  std::string importcfg;                // the file
  std::string main_archive;             // the last word
  std::vector<std::string> extld;       // the C compiler and its words; empty when not given
  bool has_extldflags = false;          // allowed only where no C compiler could see them
  std::vector<std::string> kept_words;  // for the key, without values that name $WORK
};

// `words` are those after the tool. `env` is the linker's.
Result<LinkCommand> parse_link_command(const std::vector<std::string>& words,
                                       const sys::Environment& env);

struct ImportLine {
  std::string package;  // of a packagefile line
  std::string file;     // empty: another line
  std::string text;     // the whole line, trimmed
};

struct ImportConfig {
  std::vector<ImportLine> lines;
  bool may_have_host_objects = false;  // packages of the linker's own C code are among them
};
Result<ImportConfig> parse_import_config(std::string_view text);

// Packages whose C objects Go's linker takes itself.
bool is_internal_host_package(std::string_view package);

}  // namespace sluice::gotool
