// What the commands that look after a whole store share: which store, which of its trust domains.
//
// Values; any thread. Errors: Code::invalid for settings and for a store that this command may not
// change; the store's own.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "cli/setup.hpp"
#include "store/objects.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct StoreCare {
  Setup setup;
  std::unique_ptr<store::Objects> objects;
  std::string name;                  // the store's, without secrets
  std::vector<std::string> domains;  // the one that a flag or variable names, else all there are
};

// `writes`: the command changes the store, which the setting read-only forbids.
Result<StoreCare> care_for_store(const Invocation& invocation, const sys::Environment& env,
                                 std::string_view command, bool writes);

// Of an option with a size or a time, or nothing where it is not given; one line where it is none.
Result<std::optional<std::uint64_t>> size_option(const Invocation& invocation,
                                                 std::string_view command, std::string_view name);
Result<std::optional<std::chrono::milliseconds>> time_option(const Invocation& invocation,
                                                             std::string_view command,
                                                             std::string_view name);

}  // namespace sluice::cli
