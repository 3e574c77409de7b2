// What the record of a linked program says beside its names: how long the link took, as its name.
//
// Pure functions: any thread.
#pragma once

#include "store/record.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace sluice::agent {

std::string link_time_name(std::chrono::microseconds link_time);
// Nothing for a record that says nothing, or more than a day.
std::optional<std::chrono::microseconds> link_time_of(const store::Record& record);

}  // namespace sluice::agent
