#include "insight/go_test_flags.hpp"

#include "gotool/go_flags.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::insight {
namespace {

constexpr int k_cover_minor = 25;  // from here results with a cover profile are kept

// What stands in the key of a result.
constexpr auto k_keyed =
    std::to_array<std::string_view>({"benchtime", "cpu", "list", "parallel", "run", "short", "skip",
                                     "timeout", "failfast", "v", "fullpath"});
// What makes go keep no result. Flags of the test's own do, too.
constexpr auto k_uncacheable = std::to_array<std::string_view>(
    {"args", "bench", "benchmem", "blockprofile", "blockprofilerate", "count", "cpuprofile", "fuzz",
     "fuzzminimizetime", "fuzztime", "memprofile", "memprofilerate", "mutexprofile",
     "mutexprofilefraction", "shuffle", "trace", "artifacts"});
// Flags of the build and of go test itself.
constexpr auto k_of_go = std::to_array<std::string_view>({"C",
                                                          "a",
                                                          "asan",
                                                          "asmflags",
                                                          "buildmode",
                                                          "buildvcs",
                                                          "c",
                                                          "compiler",
                                                          "cover",
                                                          "covermode",
                                                          "coverpkg",
                                                          "coverprofile",
                                                          "exec",
                                                          "gccgoflags",
                                                          "gcflags",
                                                          "i",
                                                          "installsuffix",
                                                          "json",
                                                          "ldflags",
                                                          "linkshared",
                                                          "mod",
                                                          "modcacherw",
                                                          "modfile",
                                                          "msan",
                                                          "n",
                                                          "o",
                                                          "outputdir",
                                                          "overlay",
                                                          "p",
                                                          "pgo",
                                                          "pkgdir",
                                                          "race",
                                                          "tags",
                                                          "toolexec",
                                                          "trimpath",
                                                          "vet",
                                                          "work",
                                                          "x"});
template <class List>
bool is_in(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

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
  const bool is_profile = flag.name == "coverprofile" && go_minor != 0 && go_minor < k_cover_minor;
  const bool is_known = is_in(k_keyed, flag.name) || is_in(k_of_go, flag.name);
  if (flag.name == "coverprofile" && !is_profile) {
    flags.keyed.emplace_back("-coverprofile");  // wherever it goes to: kept with the result
  } else if (!is_known || is_profile || is_in(k_uncacheable, flag.name)) {
    if (flags.uncacheable.empty()) flags.uncacheable = written;
  } else if (is_in(k_keyed, flag.name)) {
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
      const bool is_for_tests = is_in(k_keyed, flag.name) || is_in(k_uncacheable, flag.name) ||
                                flag.name == "coverprofile";
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
