// A go command that has the keys of another one and leaves none of its files.
//
// Pure functions: any thread. Code::invalid for a command that cannot be run again that way, with
// what to do instead; the message names the words, not who asks.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct RerunWords {
  std::vector<std::string> words;  // behind "go"
  bool runs_tests = false;         // those whose results are not kept
};

// `words` of a go command, "go" first, that was run in the directory its -C names; `goflags` its
// GOFLAGS. go build, test, vet and install, which becomes a build. None of the changes is part of
// any key: no -C, no -a, -o and -coverprofile to /dev/null, and -p=1, with which go hashes one
// thing after the other (a -p behind it wins).
Result<RerunWords> rerun_words(const std::vector<std::string>& words, std::string_view goflags);

}  // namespace sluice::gotool
