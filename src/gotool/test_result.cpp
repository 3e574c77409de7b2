#include "gotool/test_result.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "gotool/go_quote.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_expire_bytes_max = 4096;
constexpr std::string_view k_passed = "ok  \t";

// Kept results do not depend on where a profile is written.
bool is_keyed(std::string_view argument) {
  return !argument.starts_with("-test.coverprofile=") && !argument.starts_with("-test.outputdir=");
}

bool has_no_tests(std::string_view output) {
  constexpr std::string_view k_words = "\ntesting: warning: no tests to run\n";
  return output.starts_with(k_words.substr(1)) || output.contains(k_words);
}

// "\tcoverage: 79.9% of statements", where the output says so.
std::string coverage_in(std::string_view output) {
  constexpr std::string_view k_words = "coverage: ";
  for (std::size_t at = 0; (at = output.find(k_words, at)) != std::string_view::npos;) {
    at += k_words.size();
    const std::size_t end = output.find('\n', at);
    if (end == std::string_view::npos) return "";
    return fmt::format("\tcoverage: {}", output.substr(at, end - at));
  }
  return "";
}

}  // namespace

ActionId test_id(std::string_view go_version, std::string_view program,
                 const std::vector<std::string>& arguments) {
  std::vector<std::string> keyed;
  for (const std::string& argument : arguments) {
    if (is_keyed(argument)) keyed.push_back(argument);
  }
  return sha256_as<ActionId>(bytes_of(fmt::format("{}test binary {} args {} execcmd []", go_version,
                                                  program, quote_go_list(keyed))));
}

std::optional<std::string> cached_output(std::string_view kept) {
  if (kept.empty() || kept.back() != '\n') return std::nullopt;
  const std::size_t newline = kept.substr(0, kept.size() - 1).rfind('\n');
  const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
  if (!kept.substr(line).starts_with(k_passed)) return std::nullopt;
  const std::size_t tab = kept.find('\t', line + k_passed.size());
  if (tab == std::string_view::npos) return std::nullopt;
  const std::size_t rest = kept.find_first_not_of("0123456789.s", tab + 1);
  return fmt::format("{}(cached){}", kept.substr(0, tab + 1), kept.substr(rest));
}

UnixNanos results_expire_ns(const sys::Path& gocache) {
  const auto bytes = sys::read_file(gocache / "testexpire.txt", k_expire_bytes_max);
  if (!bytes || !*bytes) return 0;
  std::string_view text = text_of(**bytes);
  if (!text.ends_with('\n')) return 0;
  text.remove_suffix(1);
  return parse_int<UnixNanos>(text).value_or(0);
}

std::string passed_line(std::string_view import_path, double elapsed_s, std::string_view output,
                        bool is_covered) {
  const bool is_unterminated = !output.empty() && output.back() != '\n';
  return fmt::format("{}{}{}\t{:.3f}s{}{}\n", is_unterminated ? "\n" : "", k_passed, import_path,
                     elapsed_s, is_covered ? coverage_in(output) : "",
                     has_no_tests(output) ? " [no tests to run]" : "");
}

}  // namespace sluice::gotool
