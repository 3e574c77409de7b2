// The numbers of a job as Markdown: tables, and the report for the page of a CI system.
//
// Pure functions of values: any thread. Names that came from a build stand in code spans, where
// nothing of them is markup.
#pragma once

#include "insight/history.hpp"
#include "insight/numbers.hpp"
#include "insight/why.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::insight {

std::string numbers_markdown(const Numbers& numbers);
// What was saved, why results were missing, and how that compares with the jobs of the same scope
// before it.
std::string report_markdown(const Numbers& numbers, const Explanation& explanation,
                            const History& before);

// As long as a cause with as many names as the journal keeps: what became of them stands behind.
inline constexpr std::size_t k_span_bytes_max = 5000;

// In a table's cell a bar has to be escaped even inside a span; elsewhere it must not be.
std::string code_span(std::string_view text, bool in_table = true,
                      std::size_t length_max = k_span_bytes_max);

}  // namespace sluice::insight
