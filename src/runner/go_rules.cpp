#include "runner/go_rules.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace sluice::runner {

using std::chrono::nanoseconds;

Limits limits_of(nanoseconds timeout) {
  if (timeout <= nanoseconds(0)) return {};
  const nanoseconds delay = std::max<nanoseconds>(std::chrono::seconds(5), timeout / 10);
  return {timeout + std::max<nanoseconds>(std::chrono::minutes(1), delay), delay};
}

Vetted vetted_of(std::string_view id) {
  const std::size_t bracket = id.find(" [");
  if (bracket == std::string_view::npos) return {std::string(id), false};
  std::string_view package = id.substr(bracket + 2);
  package = package.substr(0, package.rfind(".test]"));
  return {std::string(package), id.substr(0, bracket) == fmt::format("{}_test", package)};
}

namespace {

// Of a flag of the build, "-p=": the last one counts.
std::string value_of(const gotool::TestWords& words, std::string_view flag) {
  std::string value;
  for (const std::string& word : words.build) {
    if (word.starts_with(flag)) value = word.substr(flag.size());
  }
  return value;
}

}  // namespace

std::string vet_of(const gotool::TestWords& words) { return value_of(words, "-vet="); }

std::string words_that_cost(const gotool::TestWords& words) {
  constexpr std::array<std::string_view, 8> k_beside = {
      "-p=",      "-vet=",         "-mod=",     "-buildvcs=", "-test.timeout=",
      "-test.v=", "-test.testlog", "-toolexec="};
  std::vector<std::string> kept;
  for (const auto* list : {&words.build, &words.arguments}) {
    for (const std::string& word : *list) {
      const bool is_beside = std::ranges::any_of(
          k_beside, [&word](std::string_view start) { return word.starts_with(start); });
      if (!is_beside && word != "-test.count=1") kept.push_back(word);
    }
  }
  return join(kept, " ");
}

bool stops_at_failure(const gotool::TestWords& words) {
  return std::ranges::any_of(words.arguments, [](const std::string& word) {
    return word.starts_with("-test.failfast") && word != "-test.failfast=false";
  });
}

std::size_t packages_at_once(const gotool::TestWords& words) {
  return parse_int<std::size_t>(value_of(words, "-p=")).value_or(0);
}

}  // namespace sluice::runner
