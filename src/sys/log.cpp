#include "sys/log.hpp"

#define SPDLOG_PREVENT_CHILD_FD
#define SPDLOG_DISABLE_DEFAULT_LOGGER
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace sluice::sys {
namespace {

constexpr std::size_t k_log_size_max = 4U << 20U;
constexpr std::size_t k_old_logs_max = 1;
constexpr int k_level_unread = -1;

// All three start as constants: a process that logs nothing runs no code for its log.
constinit std::atomic<int> level_now{k_level_unread};
constinit std::mutex logger_mutex;
constinit std::shared_ptr<spdlog::logger> logger_now;

spdlog::level::level_enum level_for_library(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::off: return spdlog::level::off;
  }
  return spdlog::level::off;
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, const char* pattern) {
  auto logger = std::make_shared<spdlog::logger>("sluice", std::move(sink));
  logger->set_level(spdlog::level::trace);  // levels are decided before, by log_level()
  logger->flush_on(spdlog::level::trace);
  logger->set_pattern(pattern);
  return logger;
}

// Called with logger_mutex held, by the first line of the process.
void start_stderr_logger() {
  logger_now = make_logger(std::make_shared<spdlog::sinks::stderr_sink_st>(),
                           "sluice[%P] %H:%M:%S.%e %l: %v");
}

}  // namespace

bool parse_log_level(std::string_view text, LogLevel& level) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> k_names = {{
      {"debug", LogLevel::debug},
      {"info", LogLevel::info},
      {"warn", LogLevel::warn},
      {"off", LogLevel::off},
  }};
  for (const auto& [name, value] : k_names) {
    if (text != name) continue;
    level = value;
    return true;
  }
  return false;
}

LogLevel log_level() {
  const int known = level_now.load(std::memory_order_relaxed);
  if (known != k_level_unread) return static_cast<LogLevel>(known);
  LogLevel level = LogLevel::off;
  const char* wanted = std::getenv("SLUICE_LOG");
  if (wanted != nullptr && !parse_log_level(wanted, level)) level = LogLevel::off;
  int expected = k_level_unread;
  level_now.compare_exchange_strong(expected, static_cast<int>(level));
  return static_cast<LogLevel>(level_now.load());
}

void set_log_level(LogLevel level) { level_now.store(static_cast<int>(level)); }

Result<void> log_to_file(const Path& path) {
  try {
    spdlog::file_event_handlers handlers;
    handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
      ::fchmod(::fileno(file), 0600);  // the library creates files readable by all
    };
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_st>(
        path.native(), k_log_size_max, k_old_logs_max, false, handlers);
    auto logger = make_logger(std::move(sink), "%Y-%m-%dT%H:%M:%S.%e%z [%P:%t] %l: %v");
    const std::scoped_lock hold(logger_mutex);
    logger_now = std::move(logger);
    return {};
  } catch (const std::exception& error) {
    return fail(Code::io, "open log " + path.native() + ": " + error.what());
  }
}

void log_line(LogLevel level, std::string_view line) {
  // One lock around the sinks, which therefore need none of their own.
  const std::scoped_lock hold(logger_mutex);
  try {
    if (!logger_now) start_stderr_logger();
    logger_now->log(level_for_library(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (const std::exception&) {
    // A log that cannot be written must not stop the work it describes.
    return;
  }
}

}  // namespace sluice::sys
