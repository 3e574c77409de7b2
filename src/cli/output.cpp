#include "cli/output.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace sluice::cli {

namespace {

constexpr std::size_t k_line_bytes_max = 2000;

std::atomic<bool> output_was_lost{false};

// So does every Ed25519 key begin in PEM or base64 (PKCS#8).
constexpr std::string_view k_private_key = "MC4CAQAwBQYDK2VwBCIEI";
constexpr std::string_view k_base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

}  // namespace

void print(std::string_view text) {
  const auto written = sys::write_all(STDOUT_FILENO, bytes_of(text));
  if (written || output_was_lost.exchange(true)) return;
  // A reader that went away has what it wanted (`sluice help | head -1`).
  if (written.error().code != Code::unavailable) say("standard output: " + written.error().message);
}

std::string without_private_keys(std::string text) {
  for (std::size_t at = 0; (at = text.find(k_private_key, at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_not_of(k_base64, at), text.size());
    text.replace(at, end - at, "(a private key)");
  }
  return text;
}

void say(std::string_view line) {
  const std::string shown = without_private_keys(printable(line, k_line_bytes_max));
  const std::string text = fmt::format("sluice: {}\n", shown);
  [[maybe_unused]] const auto nobody_left_to_tell = sys::write_all(STDERR_FILENO, bytes_of(text));
}

int exit_code_after_output(int code) {
  return code == 0 && output_was_lost ? k_exit_failure : code;
}

int report(const Error& error) {
  say(error.message);
  return error.code == Code::invalid ? k_exit_usage : k_exit_failure;
}

int print_or_report(std::string_view command, Result<std::string> document) {
  if (!document) return report(std::move(document).error().in(command));
  print(*document);
  return 0;
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
