#include "cli/key_template.hpp"

#include "agent/index_keeper.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/glob.hpp"
#include "base/strings.hpp"
#include "gotool/toolchain.hpp"
#include "store/snapshot_tree.hpp"
#include "sys/process.hpp"
#include "sys/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

constexpr std::uint64_t k_hashed_file_max = 1ULL << 30U;
constexpr auto k_rustc_wait = std::chrono::seconds(20);
constexpr std::string_view k_wildcards = "*?[";
constexpr std::string_view k_known = "hash:FILE,… env:NAME os arch go goos goarch cgo rustc triple";

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of(k_wildcards) != std::string_view::npos;
}

// The part of a pattern before its first element with a wildcard.
std::string fixed_part(std::string_view pattern) {
  std::string fixed;
  for (const std::string_view element : split(pattern, '/')) {
    if (has_wildcard(element)) break;
    fixed += (fixed.empty() ? "" : "/") + std::string(element);
  }
  return fixed;
}

class Expander {
 public:
  Expander(const Setup& setup, const sys::Environment& env) : setup_(setup), env_(env) {}

  Result<std::string> expand(std::string_view text) {
    std::string key;
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
        key += c;
        at += 2;
        continue;
      }
      if (c == '}') return wrong(text, at, "a } without its {; }} is a brace");
      if (c != '{') {
        key += c;
        ++at;
        continue;
      }
      const std::size_t close = text.find('}', at);
      if (close == std::string_view::npos)
        return wrong(text, at, "a { without its }; {{ is a brace");
      auto value = value_of(text.substr(at + 1, close - at - 1));
      if (!value) return wrong(text, at, std::move(value).error().message);
      key += *value;
      at = close + 1;
    }
    return key;
  }

 private:
  static std::unexpected<Error> wrong(std::string_view text, std::size_t at,
                                      std::string_view what) {
    return fail(Code::invalid,
                fmt::format("\"{}\", character {}: {}", printable(text, 200), at + 1, what));
  }

  Result<std::string> value_of(std::string_view name) {
    if (name.starts_with("hash:")) return hash_of(name.substr(5));
    if (name.starts_with("env:")) return variable(std::string(name.substr(4)));
    const std::string platform = agent::platform_name();
    const std::size_t slash = platform.find('/');
    if (name == "os") return platform.substr(0, slash);
    if (name == "arch") return platform.substr(slash + 1);
    if (name == "go") return go_version();
    if (name == "goos") return of_go("GOOS", platform.substr(0, slash));
    if (name == "goarch") return of_go("GOARCH", platform.substr(slash + 1));
    if (name == "cgo") return of_go("CGO_ENABLED", "1");
    if (name == "rustc") return of_rustc("release");
    if (name == "triple") return triple();
    return fail(Code::invalid, fmt::format("{{{}}} is none of {}", printable(name, 80), k_known));
  }

  Result<std::string> variable(const std::string& name) const {
    const auto value = env_.get(name);
    if (value) return std::string(*value);
    return fail(Code::invalid, fmt::format("{} is not set", printable(name, 80)));
  }

  Result<std::string> go_version() const {
    if (!setup_.go.version.empty()) return setup_.go.version;
    return fail(Code::invalid, setup_.go_error.empty() ? "there is no go" : setup_.go_error);
  }

  Result<std::string> of_go(std::string_view name, std::string fallback) const {
    const std::string value = gotool::go_env_value(env_, name, setup_.go).value_or("");
    return value.empty() ? fallback : value;
  }

  // What cargo builds for.
  Result<std::string> triple() {
    const std::string target = env_.get_or("CARGO_BUILD_TARGET", "");
    return target.empty() ? of_rustc("host") : target;
  }

  Result<std::string> of_rustc(std::string_view field) {
    if (rustc_.empty()) TRY(ask_rustc());
    const auto at = rustc_.find(field);
    if (at != rustc_.end()) return at->second;
    return fail(Code::invalid, fmt::format("rustc -vV says no {}", field));
  }

  Result<void> ask_rustc() {
    const auto program = sys::find_in_path("rustc", env_);
    if (!program) return fail(Code::invalid, "there is no rustc in PATH");
    sys::SpawnOptions options;
    options.program = *program;
    options.arguments = {"rustc", "-vV"};
    options.environment = env_;
    options.working_directory = setup_.working_directory;
    const auto captured = sys::run_captured(options, Deadline::after(k_rustc_wait));
    if (!captured || !captured->status.success()) return fail(Code::invalid, "rustc -vV fails");
    for (const std::string_view line : split(captured->output, '\n')) {
      const auto colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      rustc_.emplace(line.substr(0, colon), trim(line.substr(colon + 2)));
    }
    return {};
  }

  Result<std::string> hash_of(std::string_view patterns) const {
    Sha256 hash;
    for (const std::string_view part : split(patterns, ',')) {
      const std::string_view pattern = trim(part);
      if (pattern.empty()) return fail(Code::invalid, "no file is named");
      TRY_ASSIGN(const auto names, files_of(pattern));
      for (const std::string& name : names) {
        TRY_ASSIGN(const auto bytes,
                   sys::read_file(setup_.working_directory / name, k_hashed_file_max));
        if (!bytes) return fail(Code::invalid, fmt::format("{} is gone", printable(name, 200)));
        hash.update(bytes_of(name));
        hash.update(sha256(*bytes));
      }
    }
    return to_hex(hash.finish()).substr(0, k_key_hash_digits);
  }

  // In order of their names, relative to the working directory.
  Result<std::vector<std::string>> files_of(std::string_view pattern) const {
    std::vector<std::string> names;
    if (!has_wildcard(pattern)) {
      const auto info = sys::stat_file(setup_.working_directory / pattern);
      if (info && *info && (*info)->is_regular()) names.emplace_back(pattern);
    } else {
      const std::string below = fixed_part(pattern);
      auto items = sys::walk_tree(
          below.empty() ? setup_.working_directory : setup_.working_directory / below,
          [](std::string_view name, bool) { return name.substr(name.rfind('/') + 1) != ".git"; });
      if (!items && items.error().code != Code::not_found) return std::unexpected(items.error());
      for (const sys::TreeItem& item : items.value_or(std::vector<sys::TreeItem>())) {
        if (item.type != sys::TreeItemType::file || item.name.empty()) continue;
        std::string name = below.empty() ? item.name : below + "/" + item.name;
        if (matches_glob(name, pattern)) names.push_back(std::move(name));
      }
    }
    if (!names.empty()) return names;
    return fail(Code::invalid, fmt::format("no file is {} in {}", printable(pattern, 200),
                                           setup_.working_directory.native()));
  }

  const Setup& setup_;
  const sys::Environment& env_;
  std::map<std::string, std::string, std::less<>> rustc_;
};

}  // namespace

Result<std::string> expand_key(std::string_view text, const Setup& setup,
                               const sys::Environment& env) {
  TRY_ASSIGN(std::string key, Expander(setup, env).expand(text));
  if (store::is_snapshot_key(key)) return key;
  return fail(Code::invalid,
              fmt::format("\"{}\": a key has 1 to {} bytes and no control characters",
                          printable(key, 200), store::k_snapshot_key_max));
}

}  // namespace sluice::cli
