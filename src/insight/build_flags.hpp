// The build flags that the commands of a job were called with, by their words and GOFLAGS.
//
// Pure functions on what the journal has: any thread. What cannot be known is said to be so: a
// command that is not go's own (make, a linter), GOFLAGS that go would refuse, and commands of one
// job that do not agree.
#pragma once

#include "journal/queries.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

struct GivenFlag {
  std::string value;           // "true" of a flag without one
  bool is_by_goflags = false;  // not by the command's own words
  bool operator==(const GivenFlag&) const = default;
};

struct FlagOfJob {
  bool is_known = false;
  std::optional<GivenFlag> given;  // nothing: it was not called with it
};

// `name` without its dash. Commands that compile nothing (`go env`, `go mod`) do not count.
FlagOfJob flag_of(const std::vector<journal::CommandRow>& commands, std::string_view name);

}  // namespace sluice::insight
