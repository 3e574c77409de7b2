// Go's %q: strings and lists of strings as fmt and strconv.Quote write them, and back.
//
// Pure functions: any thread. Characters beyond ASCII are written as they are where they are whole
// UTF-8 and no control character; Go asks its tables of printable ones, which differ for a few
// rare ones. Source: strconv/quote.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

std::string quote_go(std::string_view text);                       // "a\nb"
std::string quote_go_list(const std::vector<std::string>& texts);  // ["a" "b"], [] for none
// The inverse of quote_go; nothing when it is not one whole quoted string.
std::optional<std::string> unquote_go(std::string_view quoted);
// Takes one quoted string off the front of `rest`.
std::optional<std::string> take_quoted_go(std::string_view& rest);
// The inverse of quote_go_list, taken off the front of `rest`.
std::optional<std::vector<std::string>> take_quoted_go_list(std::string_view& rest);

}  // namespace sluice::gotool
