#include "gotool/test_flags.hpp"

#include <algorithm>
#include <array>

namespace sluice::gotool {
namespace {

using enum FlagValue;
using enum FlagUse;

constexpr int k_artifacts_minor = 26;
constexpr int k_cover_kept_minor = 25;  // from here results with a cover profile are kept

constexpr auto k_flags = std::to_array<TestFlag>({
    {"C", text, build},
    {"a", none, build},
    {"asan", none, build},
    {"asmflags", text, build},
    {"buildmode", text, build},
    {"buildvcs", words, build},
    {"compiler", text, build},
    {"cover", none, build},
    {"covermode", text, build},
    {"coverpkg", text, build},
    {"debug-actiongraph", text, build},
    {"debug-runtime-trace", text, build},
    {"debug-trace", text, build},
    {"gccgoflags", text, build},
    {"gcflags", text, build},
    {"installsuffix", text, build},
    {"ldflags", text, build},
    {"linkshared", none, build},
    {"mod", text, build},
    {"modcacherw", none, build},
    {"modfile", text, build},
    {"msan", none, build},
    {"n", none, build},
    {"overlay", text, build},
    {"p", number, build},
    {"pgo", text, build},
    {"pkgdir", text, build},
    {"race", none, build},
    {"tags", text, build},
    {"toolexec", text, build},
    {"trimpath", none, build},
    {"vet", text, build},
    {"work", none, build},
    {"x", none, build},

    {"c", none, FlagUse::go},
    {"exec", text, FlagUse::go},
    {"i", none, FlagUse::go},
    {"json", none, FlagUse::go},
    {"o", text, FlagUse::go},

    {"benchtime", text, keyed},
    {"cpu", text, keyed},
    {"failfast", none, keyed},
    {"fullpath", none, keyed},
    {"list", text, keyed},
    {"parallel", number, keyed},
    {"run", text, keyed},
    {"short", none, keyed},
    {"skip", text, keyed},
    {"timeout", duration, keyed},
    {"v", verbose, keyed},

    {"artifacts", none, unkept, k_artifacts_minor},
    {"bench", text, unkept},
    {"benchmem", none, unkept},
    {"blockprofile", text, unkept},
    {"blockprofilerate", text, unkept},
    {"count", number, unkept},
    {"cpuprofile", text, unkept},
    {"fuzz", text, unkept},
    {"fuzzminimizetime", text, unkept},
    {"fuzztime", text, unkept},
    {"memprofile", text, unkept},
    {"memprofilerate", text, unkept},
    {"mutexprofile", text, unkept},
    {"mutexprofilefraction", text, unkept},
    {"shuffle", shuffle, unkept},
    {"trace", text, unkept},

    {"coverprofile", text, unkeyed, k_cover_kept_minor},
    {"outputdir", directory, unkeyed, k_cover_kept_minor},
});
// What those were before they became so.
constexpr auto k_flags_before = std::to_array<TestFlag>({
    {"coverprofile", text, unkept},
    {"outputdir", directory, unkept},
});

template <class Flags>
const TestFlag* find_in(const Flags& flags, std::string_view name) {
  const auto* at = std::ranges::find(flags, name, &TestFlag::name);
  return at == flags.end() ? nullptr : at;
}

}  // namespace

const TestFlag* find_test_flag(std::string_view name, int go_minor) {
  constexpr std::string_view k_prefix = "test.";
  const bool is_prefixed = name.starts_with(k_prefix);
  if (is_prefixed) name.remove_prefix(k_prefix.size());
  const TestFlag* flag = find_in(k_flags, name);
  if (flag != nullptr && go_minor != 0 && go_minor < flag->minor_min) {
    flag = find_in(k_flags_before, name);
  }
  return flag != nullptr && is_prefixed && !flag->is_for_test() ? nullptr : flag;
}

}  // namespace sluice::gotool
