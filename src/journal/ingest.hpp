// One spool's events as rows: the only writer of what commands did.
//
// For this room only; inside the caller's transaction. Events without a beginning are put under a
// command of the spool's name.
#pragma once

#include "base/result.hpp"
#include "journal/event.hpp"
#include "journal/sqlite.hpp"

#include <string_view>
#include <vector>

namespace sluice::journal {

inline constexpr std::uint64_t k_inputs_text_max = k_frame_bytes_max;

Result<void> insert_events(Connection& connection, std::string_view spool,
                           const std::vector<Event>& events);

}  // namespace sluice::journal
