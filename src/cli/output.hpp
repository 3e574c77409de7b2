// What sluice says to people: whole lines on stderr, documents on stdout, colour where it belongs.
//
// Every line goes out in one write, so that lines of several processes do not mix. Nothing is
// thrown or returned: a document that could not be written is said once and decides the exit
// status at the end. Any thread.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr int k_exit_usage = 2;    // bad flags, words, variables, files: nothing was changed
inline constexpr int k_exit_failure = 1;  // sluice's own work failed

void print(std::string_view text);  // stdout, as it is
// stderr: "sluice: line\n". Private keys in it are not shown: words of the user are told back, and
// may have been put in the wrong place.
void say(std::string_view line);
std::string without_private_keys(std::string text);

// The exit status of the process: that of the command, but failure where its output was lost.
int exit_code_after_output(int code);

// Says the error; 2 when the user can mend it by writing something else, else 1.
int report(const Error& error);
// The document, or the error as that of the command; the exit status.
int print_or_report(std::string_view command, Result<std::string> document);

// Whether text on this descriptor may be coloured: a terminal that is no "dumb" one, without
// NO_COLOR.
bool use_colour(int fd, const sys::Environment& env);

// Breaks text at blanks into lines of at most `width` columns, each after `indent` blanks;
// paragraphs are kept apart by empty lines.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace sluice::cli
