#include "gotool/link_command.hpp"

#include "base/strings.hpp"
#include "gotool/go_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace sluice::gotool {
namespace {

enum class Takes { nothing, value };
struct Flag {
  std::string_view name;
  Takes takes;
};

// Flags that change nothing but the program, and read nothing but it and each other. A bool flag
// takes a value only behind '='.
constexpr auto k_flags = std::to_array<Flag>({
    {"o", Takes::value},
    {"importcfg", Takes::value},
    {"buildid", Takes::value},
    {"extld", Takes::value},
    {"X", Takes::value},
    {"installsuffix", Takes::value},
    {"H", Takes::value},
    {"E", Takes::value},
    {"R", Takes::value},
    {"T", Takes::value},
    {"D", Takes::value},
    {"r", Takes::value},
    {"I", Takes::value},
    {"B", Takes::value},
    {"funcalign", Takes::value},
    {"randlayout", Takes::value},
    {"strictdups", Takes::value},
    {"debugtramp", Takes::value},
    {"buildmode", Takes::value},
    {"debugtextsize", Takes::value},
    {"linkmode", Takes::value},
    {"extldflags", Takes::value},
    {"s", Takes::nothing},
    {"w", Takes::nothing},
    {"race", Takes::nothing},
    {"a", Takes::nothing},
    {"d", Takes::nothing},
    {"e", Takes::nothing},
    {"f", Takes::nothing},
    {"g", Takes::nothing},
    {"h", Takes::nothing},
    {"n", Takes::nothing},
    {"aslr", Takes::nothing},
    {"bindnow", Takes::nothing},
    {"checklinkname", Takes::nothing},
    {"compressdwarf", Takes::nothing},
    {"pruneweakmap", Takes::nothing},
});

constexpr std::array<std::string_view, 6> k_systems = {"linux",   "windows", "darwin",
                                                       "freebsd", "js",      "wasip1"};
// Where the linker of every release that we know makes position independent programs by itself.
constexpr std::array<std::string_view, 7> k_internal_pie = {
    "darwin/amd64",  "darwin/arm64",  "linux/amd64",   "linux/arm64",
    "linux/ppc64le", "windows/amd64", "windows/arm64",
};
constexpr std::array<std::string_view, 9> k_internal_host_packages = {
    "crypto/internal/boring",
    "crypto/internal/boring/syso",
    "crypto/x509",
    "net",
    "os/user",
    "runtime/cgo",
    "runtime/race",
    "runtime/race/internal/amd64v1",
    "runtime/race/internal/amd64v3",
};
constexpr std::array<std::string_view, 3> k_bring_host_objects = {"crypto/internal/boring/syso",
                                                                  "runtime/cgo", "runtime/race"};

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

std::unexpected<Error> not_cached(std::string reason) {
  return fail(Code::unsupported, "link: " + std::move(reason));
}

const Flag* find_flag(std::string_view name) {
  const auto at = std::ranges::find(k_flags, name, &Flag::name);
  return at == k_flags.end() ? nullptr : &*at;
}

// Reads the flags one after the other into a command.
class Parser {
 public:
  Parser(const std::vector<std::string>& words, const sys::Environment& env)
      : words_(words), env_(env) {}

  Result<LinkCommand> parse() {
    TRY(check_system());
    while (at_ < words_.size()) {
      const std::string& word = words_[at_];
      if (word.size() < 2 || word.front() != '-' || word == "--") break;
      TRY(take_flag(word));
    }
    if (at_ + 1 != words_.size() || words_[at_].empty() || words_[at_].front() == '@') {
      return not_cached("not exactly one package");
    }
    command_.main_archive = words_[at_];
    if (command_.output.empty() || command_.importcfg.empty()) {
      return not_cached("no -o or no -importcfg");
    }
    TRY(check_no_work_directory());
    return std::move(command_);
  }

 private:
  Result<void> check_system() {
    const std::string system = env_.get_or("GOOS", "");
    if (!contains(k_systems, system) || !env_.has("GOARCH")) {
      return not_cached("no known GOOS and GOARCH");
    }
    if (env_.get_or("GO_EXTLINK_ENABLED", "") == "1") {
      return not_cached("GO_EXTLINK_ENABLED is 1");
    }
    return {};
  }

  Result<void> take_flag(const std::string& word) {
    std::string_view text = word;
    text.remove_prefix(text.starts_with("--") ? 2 : 1);
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Flag* flag = find_flag(name);
    if (flag == nullptr) return not_cached("flag -" + printable(name, 40));
    ++at_;
    std::string value;
    const bool is_next_word = equals == std::string_view::npos && flag->takes == Takes::value;
    if (equals != std::string_view::npos) {
      value = text.substr(equals + 1);
    } else if (is_next_word) {
      if (at_ >= words_.size()) return not_cached("flag without its value");
      value = words_[at_++];
    }
    return take_value(word, name, value, is_next_word);
  }

  Result<void> take_value(const std::string& word, std::string_view name, const std::string& value,
                          bool is_next_word) {
    if (name == "o" || name == "importcfg") {
      (name == "o" ? command_.output : command_.importcfg) = value;
      command_.kept_words.push_back("-" + std::string(name));
      return {};
    }
    if (name == "buildmode") TRY(check_build_mode(value));
    if (name == "linkmode" && value != "internal" && value != "auto") {
      return not_cached("external linking");
    }
    if (name == "extldflags" && !value.empty()) command_.has_extldflags = true;
    if (name == "extld") {
      auto extld = split_go_words(value);
      if (!extld) return not_cached("-extld cannot be read");
      command_.extld = std::move(*extld);
    }
    command_.kept_words.push_back(word);
    if (is_next_word) command_.kept_words.push_back(value);
    return {};
  }

  Result<void> check_build_mode(std::string_view mode) {
    if (mode == "exe") return {};
    const std::string system = env_.get_or("GOOS", "") + "/" + env_.get_or("GOARCH", "");
    if (mode == "pie" && contains(k_internal_pie, system)) return {};
    return not_cached("build mode " + printable(mode, 40));
  }

  // $WORK is another one in every run: a word that names it would make a key that never recurs, or
  // a file that is not known.
  Result<void> check_no_work_directory() {
    const std::filesystem::path importcfg = command_.importcfg;
    if (!importcfg.is_absolute()) return not_cached("-importcfg is no absolute path");
    const std::string work = importcfg.parent_path().parent_path().native();
    if (work.size() < 2) return not_cached("importcfg lies in no work directory");
    for (const std::string& word : command_.kept_words) {
      if (word.find(work) != std::string::npos) return not_cached("a flag names $WORK");
    }
    return {};
  }

  const std::vector<std::string>& words_;
  const sys::Environment& env_;
  std::size_t at_ = 0;
  LinkCommand command_;
};

}  // namespace

Result<LinkCommand> parse_link_command(const std::vector<std::string>& words,
                                       const sys::Environment& env) {
  return Parser(words, env).parse();
}

Result<ImportConfig> parse_import_config(std::string_view text) {
  ImportConfig config;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    const std::string_view verb = line.substr(0, line.find(' '));
    ImportLine read{{}, {}, std::string(line)};
    if (verb == "packagefile") {
      const std::string_view rest = trim(line.substr(verb.size()));
      const auto equals = rest.find('=');
      if (equals == std::string_view::npos || equals == 0 || equals + 1 == rest.size()) {
        return not_cached("importcfg: a packagefile line without a file");
      }
      read.package = rest.substr(0, equals);
      read.file = rest.substr(equals + 1);
      if (contains(k_bring_host_objects, read.package)) config.may_have_host_objects = true;
    } else if (verb != "modinfo") {
      return not_cached("importcfg: " + printable(verb, 40));
    }
    config.lines.push_back(std::move(read));
  }
  return config;
}

bool is_internal_host_package(std::string_view package) {
  return contains(k_internal_host_packages, package);
}

}  // namespace sluice::gotool
