// The program's log for people who debug: off by default, SLUICE_LOG=debug|info|warn turns it on.
//
// spdlog behind one unit, made at the first line. Lines go to stderr, or to the agent's log file;
// never to stdout, which is the protocol. Any thread. A line that cannot be written is lost, no
// error. What a user must know is not logged but said (cli) or journalled.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <fmt/format.h>

#include <string_view>

namespace sluice::sys {

enum class LogLevel { debug, info, warn, off };

LogLevel log_level();
void set_log_level(LogLevel level);
bool parse_log_level(std::string_view text, LogLevel& level);
// From now on lines go to this file (appended, 0600; rotated once past 4 MiB).
Result<void> log_to_file(const Path& path);
void log_line(LogLevel level, std::string_view line);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() <= LogLevel::debug) {
    log_line(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() <= LogLevel::info) {
    log_line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() <= LogLevel::warn) {
    log_line(LogLevel::warn, fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace sluice::sys
