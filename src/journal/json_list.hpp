// Lists of texts as the database keeps them: one JSON array.
//
// For this room only. Pure functions: any thread. What is no such array is an empty list.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::journal {

std::string list_text(const std::vector<std::string>& list);
std::vector<std::string> list_of(std::string_view text);

}  // namespace sluice::journal
