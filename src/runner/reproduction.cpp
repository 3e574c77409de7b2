#include "runner/reproduction.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace sluice::runner {
namespace {

constexpr std::size_t k_tests_max = 20;  // named; where more failed the whole package is run

// "-test.shuffle 17" is what a test says that was told -shuffle=on.
std::string_view shuffle_seed(std::string_view said) {
  constexpr std::string_view k_word = "-test.shuffle ";
  const std::size_t at = said.find(k_word);
  if (at == std::string_view::npos) return "";
  said.remove_prefix(at + k_word.size());
  return said.substr(0, said.find_first_not_of("0123456789"));
}

std::vector<std::string> failed_tests(const TestRecords& records) {
  std::vector<std::string> names;
  for (const TestRecord& test : records.tests()) {
    const bool is_there = std::ranges::find(names, test.name) != names.end();
    if (test.is_top() && test.has_failed() && !is_there) names.push_back(test.name);
  }
  return names;
}

// What is said otherwise, or is for this run only.
bool is_passed_over(std::string_view argument, bool has_names, bool has_seed) {
  constexpr auto k_always = std::to_array<std::string_view>(
      {"-test.v=", "-test.coverprofile=", "-test.outputdir=", "-test.failfast="});
  if (std::ranges::any_of(k_always, [&](auto flag) { return argument.starts_with(flag); })) {
    return true;
  }
  return (has_names && argument.starts_with("-test.run=")) ||
         (has_names && argument.starts_with("-test.skip=")) ||
         (has_seed && argument.starts_with("-test.shuffle=")) || argument == "-test.timeout=10m0s";
}

}  // namespace

std::string reproduction_of(const FailedRun& failed) {
  constexpr std::string_view k_prefix = "-test.";
  std::string line;
  const auto add = [&line](std::string_view word) {
    if (!line.empty()) line += ' ';
    line += shell_word(word);
  };
  if (!failed.gomaxprocs.empty()) add("GOMAXPROCS=" + failed.gomaxprocs);
  add(fmt::format("SLUICE_SEED={}", failed.seed));
  for (const auto& [name, value] : failed.told.env) {
    if (!name.starts_with("SLUICE_")) line += " " + name + "=" + shell_word(value);
  }
  add("go");
  add("test");
  if (!failed.words.change_directory.empty()) {
    add("-C");
    add(failed.words.change_directory);
  }
  for (const std::string& flag : failed.words.build) {
    if (!flag.starts_with("-cover"))
      add(flag.ends_with("=true") ? flag.substr(0, flag.size() - 5) : flag);
  }
  auto names = failed_tests(failed.tests);
  if (names.size() > k_tests_max) names.clear();
  if (!names.empty()) add("-run=^(" + join(names, "|") + ")$");
  const std::string_view shuffle = shuffle_seed(failed.said);
  if (!shuffle.empty()) add(fmt::format("-shuffle={}", shuffle));
  const auto& arguments = failed.told.arguments;
  const auto others = std::ranges::find_if_not(
      arguments, [&](const std::string& word) { return word.starts_with(k_prefix); });
  for (auto at = arguments.begin(); at != others; ++at) {
    if (is_passed_over(*at, !names.empty(), !shuffle.empty())) continue;
    add("-" + at->substr(k_prefix.size()));
  }
  add(failed.import_path);
  if (others != arguments.end()) add("-args");
  for (auto at = others; at != arguments.end(); ++at) add(*at);
  return line;
}

std::string gomaxprocs_of(const sys::Environment& env, double cores) {
  const std::string told = env.get_or("GOMAXPROCS", "");
  return told.empty() ? fmt::format("{:.0f}", std::max(1.0, std::ceil(cores))) : told;
}

}  // namespace sluice::runner
