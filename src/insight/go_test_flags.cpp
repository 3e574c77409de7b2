#include "insight/go_test_flags.hpp"

#include "gotool/go_flags.hpp"
#include "gotool/test_flags.hpp"

#include <algorithm>
#include <optional>

namespace sluice::insight {
namespace {

struct Flag {
  std::string_view name;
  std::optional<std::string_view> value;
};

Flag parse(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  if (word.starts_with("test.")) word.remove_prefix(std::string_view("test.").size());
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

void take(TestFlags& flags, const Flag& flag, std::string_view written, int go_minor) {
  const gotool::TestFlag* known = gotool::find_test_flag(flag.name, go_minor);
  if (known == nullptr || known->use == gotool::FlagUse::unkept) {
    if (flags.uncacheable.empty()) flags.uncacheable = written;
  } else if (flag.name == "coverprofile") {
    flags.keyed.emplace_back("-coverprofile");  // wherever it goes to: kept with the result
  } else if (known->use == gotool::FlagUse::keyed) {
    std::string text = "-" + std::string(flag.name);
    if (flag.value) text += "=" + std::string(*flag.value);
    flags.keyed.push_back(std::move(text));
  }
}

}  // namespace

TestFlags test_flags(const std::vector<std::string>& words, std::string_view goflags,
                     int go_minor) {
  TestFlags flags;
  const auto test = std::ranges::find(words, "test");
  if (words.size() < 2 || test == words.end()) return flags;
  flags.is_test = true;
  // GOFLAGS come first; go passes over those that a command does not have.
  if (const auto always = gotool::split_go_words(std::string(goflags))) {
    for (const std::string& word : *always) {
      const Flag flag = parse(word);
      const gotool::TestFlag* known = gotool::find_test_flag(flag.name);
      const bool is_for_tests = known != nullptr && known->is_for_test();
      if (word.starts_with('-') && is_for_tests) take(flags, flag, word, go_minor);
    }
  }
  for (auto at = test + 1; at != words.end(); ++at) {
    if (!at->starts_with('-') || *at == "-") {
      flags.names_packages = true;
      continue;
    }
    Flag flag = parse(*at);
    if (flag.name == "c") flags.is_test = false;
    const std::string& written = *at;
    const bool takes_word = !flag.value && gotool::takes_value(flag.name);
    if (takes_word && at + 1 != words.end()) flag.value = *++at;
    take(flags, flag, written, go_minor);
    if (flag.name == "args") break;  // the rest is the test's own
  }
  std::ranges::sort(flags.keyed);
  return flags;
}

}  // namespace sluice::insight
