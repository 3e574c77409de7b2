#include "gotool/test_words.hpp"

#include "base/strings.hpp"
#include "gotool/go_duration.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/test_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace sluice::gotool {
namespace {

// What is written beside the packages, of one package only, or in the order of the list.
constexpr auto k_only_go = std::to_array<std::string_view>({"artifacts",
                                                            "bench",
                                                            "blockprofile",
                                                            "c",
                                                            "coverpkg",
                                                            "cpuprofile",
                                                            "debug-actiongraph",
                                                            "debug-runtime-trace",
                                                            "debug-trace",
                                                            "exec",
                                                            "fuzz",
                                                            "i",
                                                            "list",
                                                            "memprofile",
                                                            "mutexprofile",
                                                            "n",
                                                            "o",
                                                            "outputdir",
                                                            "trace",
                                                            "work",
                                                            "x"});

struct Written {
  std::string_view name;
  std::optional<std::string_view> value;
};

// "-x=value" and "--x=value"; nothing for what is no flag to go.
std::optional<Written> written_flag(std::string_view word) {
  if (word.starts_with("--")) word.remove_prefix(1);
  if (word.size() < 2 || word[0] != '-' || word[1] == '-' || word[1] == '=') return std::nullopt;
  word.remove_prefix(1);
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return Written{word, std::nullopt};
  return Written{word.substr(0, equals), word.substr(equals + 1)};
}

// strconv.ParseBool.
std::optional<bool> go_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// Plain decimals; what else go reads there (0x10, 1_000) is left to it.
std::optional<std::string> go_number(std::string_view text) {
  if (text != "0" && (text.starts_with('0') || text.starts_with("-0"))) return std::nullopt;
  const auto number = parse_int<std::int64_t>(text);
  return number ? std::optional(fmt::format("{}", *number)) : std::nullopt;
}

// How go writes a value that it has read; nothing where it would refuse it, or where we do not
// know.
std::optional<std::string> value_of(const TestFlag& flag, std::string_view text,
                                    const sys::Path& directory) {
  switch (flag.value) {
    case FlagValue::text:
    case FlagValue::words: return std::string(text);
    case FlagValue::number: return go_number(text);
    case FlagValue::verbose:
      if (text == "test2json") return std::string(text);
      [[fallthrough]];
    case FlagValue::none: {
      const auto is_on = go_bool(text);
      return is_on ? std::optional<std::string>(*is_on ? "true" : "false") : std::nullopt;
    }
    case FlagValue::duration: {
      const auto span = parse_go_duration(text);
      return span ? std::optional(go_duration(*span)) : std::nullopt;
    }
    case FlagValue::directory:
      return text.empty() ? std::string() : (directory / text).lexically_normal().string();
    case FlagValue::shuffle:
      return text == "on" || text == "off" ? std::string(text) : go_number(text);
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(int go_minor, const sys::Path& directory) : go_minor_(go_minor), directory_(directory) {}

  TestWords parse(const std::vector<std::string>& words, std::string_view goflags) {
    take_goflags(goflags);
    take_words(words);
    std::vector<std::string> arguments;
    if (is_json_) arguments.emplace_back("-test.v=test2json");
    if (is_json_) from_goflags_.erase("v");
    for (const auto& [name, value] : from_goflags_) arguments.push_back(argument(name, value));
    if (!told_.has_timeout) arguments.push_back(argument("timeout", go_duration(told_.timeout)));
    const auto added = static_cast<std::ptrdiff_t>(arguments.size());
    arguments.insert(arguments.end(), told_.arguments.begin(), told_.arguments.end());
    for (auto at = arguments.begin() + added; at != arguments.end() && *at != "--"; ++at) {
      if (is_help(*at)) refuse("{} is asked of a test", *at);
    }
    told_.keeps_results = !told_.packages.empty() &&
                          std::ranges::all_of(arguments, [&](const auto& a) { return keeps(a); });
    told_.arguments = std::move(arguments);
    told_.is_json = is_json_;
    told_.is_verbose = is_verbose_;
    return std::move(told_);
  }

 private:
  static std::string argument(std::string_view name, std::string_view value) {
    return fmt::format("-test.{}={}", name, value);
  }

  static bool is_help(std::string_view word) {
    return word == "-h" || word == "-help" || word == "--help" || word == "-?";
  }

  template <class... Parts>
  void refuse(fmt::format_string<Parts...> words, Parts&&... parts) {
    if (told_.only_go.empty()) told_.only_go = fmt::format(words, std::forward<Parts>(parts)...);
  }

  // go keeps no result of a test that is told anything else.
  bool keeps(std::string_view word) const {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || !word.starts_with("-test.")) return false;
    const TestFlag* flag = find_test_flag(word.substr(1, equals - 1), go_minor_);
    return flag != nullptr && flag->is_for_test() && flag->use != FlagUse::unkept;
  }

  // Those that the command does not have are passed over.
  void take_goflags(std::string_view goflags) {
    const auto words = split_go_words(goflags);
    if (!words) return refuse("GOFLAGS cannot be read");
    for (const std::string& word : *words) {
      const auto written = written_flag(word);
      const TestFlag* flag = written ? find_test_flag(written->name, go_minor_) : nullptr;
      if (flag == nullptr) continue;
      const auto value = value_of(*flag, written->value.value_or("true"), directory_);
      if (!value || (flag->takes_word() && !written->value)) {
        refuse("{} in GOFLAGS", word);
      } else {
        take_effect(*flag, *value);
        if (flag->is_for_test()) from_goflags_[flag->name] = *value;
      }
    }
  }

  // What go does with it, wherever it stands.
  void take_effect(const TestFlag& flag, const std::string& value) {
    const bool is_off = flag.value == FlagValue::none ? value == "false" : value.empty();
    if (std::ranges::find(k_only_go, flag.name) != k_only_go.end() && !is_off) {
      refuse("-{} is go's own business", flag.name);
    }
    if (flag.name == "json") is_json_ = value == "true";
    if (flag.name == "v") is_verbose_ = value != "false";
    if (flag.name == "cover") told_.is_covered = value == "true";
    if (flag.name == "covermode" || flag.name == "coverprofile") told_.is_covered = true;
    if (flag.name == "coverprofile") told_.cover_profile = value;
    if (flag.name == "failfast") told_.is_failfast = value == "true";
    if (flag.name == "timeout") {
      told_.has_timeout = true;
      told_.timeout = parse_go_duration(value).value_or(k_test_timeout_default);
    }
  }

  void take_words(const std::vector<std::string>& words) {
    bool is_in_packages = false;
    bool has_packages = false;    // the list is complete, or none may follow
    bool may_be_a_value = false;  // behind a flag that we do not know
    for (std::size_t at = 0; at < words.size(); ++at) {
      const std::string& word = words[at];
      const bool was_a_flag = std::exchange(may_be_a_value, false);
      const auto written = written_flag(word);
      if (is_help(word)) return refuse("{} is asked for", word);
      if (word == "--" || (!written && has_packages && !is_in_packages && !was_a_flag)) {
        told_.arguments.insert(told_.arguments.end(),
                               words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
        return;
      }
      if (!written) {
        if (has_packages && !is_in_packages) {
          told_.arguments.push_back(word);
        } else {
          is_in_packages = has_packages = true;
          told_.packages.push_back(word);
        }
        continue;
      }
      is_in_packages = false;
      if (word == "-args" || word == "--args") {
        told_.arguments.insert(told_.arguments.end(),
                               words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
        return;
      }
      const TestFlag* flag = find_test_flag(written->name, go_minor_);
      if (flag == nullptr) {
        refuse("{} is no flag of go test", word);
        has_packages = true;
        told_.arguments.push_back(word);
        may_be_a_value = !written->value;
        continue;
      }
      take_flag(*flag, written->value, words, at);
    }
  }

  void take_flag(const TestFlag& flag, std::optional<std::string_view> text,
                 const std::vector<std::string>& words, std::size_t& at) {
    const std::string& word = words[at];
    const bool is_first = at == 0;
    if (!text && flag.takes_word()) {
      if (at + 1 == words.size()) return refuse("{} needs a value", word);
      text = words[++at];
    }
    const auto value = value_of(flag, text.value_or("true"), directory_);
    if (!value) return refuse("{} is not understood", text ? std::string(*text) : word);
    take_effect(flag, *value);
    if (flag.name == "C") {
      if (!is_first) return refuse("-C is not the first flag");
      told_.change_directory = *value;
    } else if (flag.is_for_test()) {
      told_.arguments.push_back(argument(flag.name, *value));
      from_goflags_.erase(flag.name);
    } else if (flag.use == FlagUse::build) {
      told_.build.push_back(fmt::format("-{}={}", flag.name, *value));
    }
  }

  const int go_minor_;
  const sys::Path& directory_;
  TestWords told_;
  std::map<std::string_view, std::string> from_goflags_;  // for tests, in go's order
  bool is_json_ = false;
  bool is_verbose_ = false;
};

}  // namespace

TestWords parse_test_words(const std::vector<std::string>& words, std::string_view goflags,
                           int go_minor, const sys::Path& directory) {
  return Parser(go_minor, directory).parse(words, goflags);
}

void tell_each_test(TestWords& words) {
  auto& arguments = words.arguments;
  const auto is_ours = [](const std::string& word) { return word.starts_with("-test."); };
  const auto others = std::ranges::find_if_not(arguments, is_ours);
  const auto gone =
      std::ranges::remove_if(std::ranges::subrange(arguments.begin(), others),
                             [](const std::string& word) { return word.starts_with("-test.v="); });
  arguments.erase(gone.begin(), gone.end());
  arguments.insert(arguments.begin(), "-test.v=test2json");
}

}  // namespace sluice::gotool
