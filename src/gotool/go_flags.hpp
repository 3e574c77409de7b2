// GOFLAGS as go reads it, and with a -toolexec of ours at its end.
//
// Pure functions: any thread. go's words: cmd/internal/quoted and cmd/go/internal/base/goflags.go.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// Splits as cmd/internal/quoted.Split: a word that begins with a quote ends at the next of its
// kind, quotes inside a word mean nothing. Nothing when a quote is not closed.
std::optional<std::vector<std::string>> split_go_words(std::string_view text);
// One such word; nothing when it has quotes of both kinds.
std::optional<std::string> quote_go_word(std::string_view word);

// Whether one of the words is this flag: "-x", "--x", "-x=…". Words behind -args are a test's.
bool has_go_flag(const std::vector<std::string>& words, std::string_view name);

// The value that this flag has in the end, "-mod=vendor" or "-mod", "vendor": the last one counts.
std::optional<std::string> go_flag_value(const std::vector<std::string>& words,
                                         std::string_view name);

// Whether this flag of go build, vet or test ("run", without its dash) takes the next word where it
// has no "=". cmd/go/internal/work/build.go and test/testflag.go of Go 1.24 to 1.27.
bool takes_value(std::string_view flag);

// Why a command gets no -toolexec.
enum class NoToolexec {
  users_own,       // there is one
  shows_commands,  // -n or -x: people read and paste what go prints
  unreadable,      // GOFLAGS, or the path is no plain word
};
// GOFLAGS with `-toolexec=PROGRAM` appended, one word without blanks and quotes: scripts write
// `go build $GOFLAGS`. `words` are those after "go" where they are known.
std::expected<std::string, NoToolexec> goflags_with_toolexec(std::string_view goflags,
                                                             const std::vector<std::string>& words,
                                                             const sys::Path& program);

// GOFLAGS as it would be in the environment without that; nothing where it would not be set then.
std::optional<std::string> goflags_without_toolexec(const std::string& goflags);

}  // namespace sluice::gotool
