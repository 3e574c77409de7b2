#include "gotool/rerun_words.hpp"

#include "base/strings.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/toolchain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::gotool {
namespace {

// They make go or the test write a file, or change sources.
constexpr auto k_writing_flags = std::to_array<std::string_view>(
    {"artifacts", "blockprofile", "cpuprofile", "debug-actiongraph", "debug-runtime-trace",
     "debug-trace", "fix", "fuzz", "gocoverdir", "memprofile", "mutexprofile", "testlogfile",
     "trace"});
constexpr std::string_view k_mod = "-mod=mod";  // go.mod and go.sum

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Code::invalid, std::string(what));
}

// "o" of "-o", "--o=x" and "-test.o"; empty where it is no flag.
std::string_view flag_in(std::string_view word) {
  if (!word.starts_with('-')) return {};
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  word = word.substr(0, word.find('='));
  constexpr std::string_view k_test = "test.";
  if (word.starts_with(k_test)) word.remove_prefix(k_test.size());
  return word;
}

bool is_writing(std::string_view word) {
  return std::ranges::find(k_writing_flags, flag_in(word)) != k_writing_flags.end() ||
         word.substr(word.starts_with("--") ? 1 : 0) == k_mod;
}

std::string writes(std::string_view word) {
  const std::string_view flag = flag_in(word);
  return (flag == "mod" ? std::string(k_mod) : "-" + std::string(flag)) + " writes files";
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view subcommand) : is_test_(subcommand == "test") {}

  // Flags of GOFLAGS stay; those that write are overridden by the words.
  Result<void> look_at(const std::vector<std::string>& goflags) {
    for (const std::string& word : goflags) {
      const std::string_view flag = flag_in(word);
      if (is_writing(word) || flag == "o") {
        return refuse("GOFLAGS: " + writes(word));
      }
      has_coverprofile_ = has_coverprofile_ || flag == "coverprofile";
      is_compile_only_ = is_compile_only_ || flag == "c";
    }
    return {};
  }

  Result<void> take(const std::vector<std::string>& words, std::size_t at) {
    for (; at < words.size(); ++at) {
      const std::string& word = words[at];
      const std::string_view flag = flag_in(word);
      if (flag == "args" || word == "--") break;
      const bool takes_next = word.find('=') == std::string::npos && takes_value(flag);
      const bool writes_modules =
          flag == "mod" && takes_next && at + 1 < words.size() && words[at + 1] == "mod";
      if (is_writing(word) || writes_modules) {
        return refuse(writes(word));
      }
      if (flag == "o" || flag == "coverprofile") {
        has_coverprofile_ = has_coverprofile_ || flag == "coverprofile";
        if (takes_next) ++at;
      } else if (takes_next) {
        kept_.push_back(word);
        if (at + 1 < words.size()) kept_.push_back(words[++at]);
      } else if (flag == "c" && is_test_) {
        is_compile_only_ = true;
        kept_.push_back(word);
      } else if (flag != "a" && flag != "work") {
        kept_.push_back(word);
      }
    }
    for (; at < words.size(); ++at) {
      const std::string& word = words[at];
      if (is_writing(word) || word.starts_with("-test.coverprofile")) {
        return refuse(writes(word));
      }
      kept_.push_back(word);
    }
    return {};
  }

  RerunWords finish(std::string_view subcommand) {
    RerunWords result;
    result.words = {std::string(subcommand), "-p=1"};
    if (subcommand == "build" || is_compile_only_) result.words.emplace_back("-o=/dev/null");
    if (has_coverprofile_) result.words.emplace_back("-coverprofile=/dev/null");
    result.words.insert(result.words.end(), kept_.begin(), kept_.end());
    result.runs_tests = is_test_ && !is_compile_only_;
    return result;
  }

 private:
  bool is_test_;
  bool is_compile_only_ = false;
  bool has_coverprofile_ = false;
  std::vector<std::string> kept_;
};

// Where the words behind the sub-command begin, -C passed over.
std::size_t behind_subcommand(const std::vector<std::string>& words) {
  std::size_t at = 0;
  const auto pass_directory = [&words, &at] {
    if (at >= words.size() || flag_in(words[at]) != "C") return;
    at += words[at].find('=') == std::string::npos ? 2U : 1U;
  };
  pass_directory();
  ++at;
  pass_directory();
  return at;
}

}  // namespace

Result<RerunWords> rerun_words(const std::vector<std::string>& words, std::string_view goflags) {
  const std::string shown = printable(join(words, " "), 100);
  if (words.empty() || words.front().substr(words.front().rfind('/') + 1) != "go") {
    return refuse(fmt::format("'{}' is no go command", shown));
  }
  const std::vector<std::string> behind_go(words.begin() + 1, words.end());
  const std::string subcommand = parse_go_words(behind_go).subcommand;
  if (subcommand == "run" || subcommand == "tool") {
    return refuse(
        fmt::format("'{}' would start the program; build it with sluice go build", shown));
  }
  if (subcommand != "build" && subcommand != "test" && subcommand != "vet" &&
      subcommand != "install") {
    return refuse(fmt::format("'{}' is no go build, test, vet or install", shown));
  }
  const std::size_t at = behind_subcommand(behind_go);
  const bool is_install = subcommand == "install";
  for (std::size_t i = at; is_install && i < behind_go.size(); ++i) {
    if (!behind_go[i].starts_with('-') && behind_go[i].find('@') != std::string::npos) {
      return refuse(fmt::format("'{}' names a version, which go build does not take", shown));
    }
  }
  const auto flags = split_go_words(goflags);
  Rewriter rewriter(subcommand);
  const auto in_words = [&shown](const Error& error) {
    return refuse(fmt::format("'{}': {}", shown, error.message));
  };
  if (const auto seen = rewriter.look_at(flags.value_or(std::vector<std::string>{})); !seen) {
    return in_words(seen.error());
  }
  if (const auto taken = rewriter.take(behind_go, at); !taken) return in_words(taken.error());
  return rewriter.finish(is_install ? "build" : subcommand);
}

}  // namespace sluice::gotool
