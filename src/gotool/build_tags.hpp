// Which files of a directory go takes: //go:build lines and the endings of names.
//
// Pure functions: any thread. Tags that only the go command's own words name (-tags) are not
// known here: what depends on them is `maybe`, and `unknown`, where it is given, receives them.
// Sources: go/build/constraint, go/build/build.go.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace sluice::gotool {

enum class Taken { no, maybe, yes };

using TagNames = std::set<std::string, std::less<>>;

struct BuildTags {
  std::string goos;
  std::string goarch;
  bool cgo = false;
  int go_minor = 0;          // of the release: go1.1 to go1.<minor> hold
  TagNames others;           // "race", those of -tags: known to hold
  bool is_complete = false;  // no other tag holds
};

Taken tag_holds(std::string_view tag, const BuildTags& tags, TagNames* unknown = nullptr);
// The expression of a //go:build line, without that word; what cannot be read is `maybe`.
Taken build_line_holds(std::string_view expression, const BuildTags& tags,
                       TagNames* unknown = nullptr);
// Of a +build or #cgo line: "a,b !c" is (a AND b) OR (NOT c).
Taken old_conditions_hold(std::string_view line, const BuildTags& tags,
                          TagNames* unknown = nullptr);
// By name alone: _GOOS, _GOARCH and _GOOS_GOARCH at its end. False for what go never takes.
bool name_is_taken(std::string_view name, const BuildTags& tags);
// By the comments at the beginning of its text.
Taken text_is_taken(std::string_view text, const BuildTags& tags, TagNames* unknown = nullptr);

}  // namespace sluice::gotool
