#include "cli/output.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <vector>

namespace sluice::cli {

namespace {

constexpr std::size_t k_line_bytes_max = 2000;

// A closed pipe or a full disk behind stdout: there is nobody left to tell.
void write_quietly(int fd, std::string_view text) {
  [[maybe_unused]] const auto ignored = sys::write_all(fd, bytes_of(text));
}

}  // namespace

void print(std::string_view text) { write_quietly(STDOUT_FILENO, text); }

void say(std::string_view line) {
  write_quietly(STDERR_FILENO, fmt::format("sluice: {}\n", printable(line, k_line_bytes_max)));
}

int report(const Error& error) {
  say(error.message);
  return error.code == Code::invalid ? k_exit_usage : k_exit_failure;
}

bool use_colour(int fd, const sys::Environment& env) {
  if (env.has("NO_COLOR") || env.get_or("TERM", "dumb") == "dumb") return false;
  return isatty(fd) == 1;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string out;
  for (const std::string_view paragraph : split(text, '\n')) {
    std::size_t column = 0;
    for (const std::string_view word : split(paragraph, ' ')) {
      if (word.empty()) continue;
      if (column != 0 && column + 1 + word.size() > width) {
        out += '\n';
        column = 0;
      }
      if (column == 0) {
        out += margin;
        column = indent;
      } else {
        out += ' ';
        ++column;
      }
      out += word;
      column += word.size();
    }
    out += '\n';
  }
  return out;
}

}  // namespace sluice::cli
