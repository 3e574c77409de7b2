#include "gotool/toolchain.hpp"

#include "base/strings.hpp"
#include "gotool/go_version.hpp"
#include "gotool/modules.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <chrono>
#include <system_error>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_setting_file_max = std::uint64_t{1} << 20U;  // go.mod, go.env, VERSION
constexpr std::chrono::milliseconds k_ask_go_timeout{10'000};

#if defined(__x86_64__)
constexpr std::string_view k_platform = "linux-amd64";
#elif defined(__aarch64__)
constexpr std::string_view k_platform = "linux-arm64";
#elif defined(__riscv)
constexpr std::string_view k_platform = "linux-riscv64";
#elif defined(__s390x__)
constexpr std::string_view k_platform = "linux-s390x";
#elif defined(__powerpc64__)
constexpr std::string_view k_platform = "linux-ppc64le";
#else
constexpr std::string_view k_platform = "linux-386";
#endif

// The text of a small file; nothing when it cannot be read, as go itself does.
std::optional<std::string> read_text(const sys::Path& path) {
  const auto bytes = sys::read_file(path, k_setting_file_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::string(text_of(**bytes));
}

// One setting of a `go env -w` file or GOROOT/go.env; the last line of a name holds.
std::optional<std::string> setting_in(const sys::Path& file, std::string_view name) {
  const auto text = read_text(file);
  if (!text) return std::nullopt;
  std::optional<std::string> value;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=') {
      value = line.substr(name.size() + 1);
    }
  }
  return value;
}

std::optional<std::string> setting_of_goroot(const GoCommand& go, std::string_view name) {
  if (go.goroot.empty()) return std::nullopt;  // not the go.env of the working directory
  return setting_in(go.goroot / "go.env", name);
}

// os.UserConfigDir and os.UserCacheDir: a relative XDG variable is an error there, so no directory.
std::optional<sys::Path> user_directory(const sys::Environment& env, std::string_view variable,
                                        std::string_view under_home) {
  const std::string xdg = env.get_or(variable, "");
  if (!xdg.empty()) {
    if (!xdg.starts_with('/')) return std::nullopt;
    return sys::Path(xdg);
  }
  const std::string home = env.get_or("HOME", "");
  if (home.empty()) return std::nullopt;
  return sys::Path(home) / under_home;
}

std::optional<sys::Path> go_env_file(const sys::Environment& env) {
  const std::string named = env.get_or("GOENV", "");
  if (named == "off") return std::nullopt;
  if (!named.empty()) return sys::Path(named);
  const auto directory = user_directory(env, "XDG_CONFIG_HOME", ".config");
  if (!directory) return std::nullopt;
  return *directory / "go" / "env";
}

// The first line of GOROOT/VERSION: "go1.26.8", or "devel go1.28-…" of a source checkout.
// The GOROOT that a go executable belongs to, and its version: bin/go or bin/GOOS_GOARCH/go.
bool find_root(const sys::Path& executable, GoCommand& go) {
  std::error_code error;
  const sys::Path real = std::filesystem::canonical(executable, error);
  if (error || real.filename() != "go") return false;
  sys::Path root = real.parent_path().parent_path();
  for (int i = 0; i < 2; ++i) {
    go.version = version_in(root);
    if (!go.version.empty()) {
      go.goroot = root;
      return true;
    }
    root = root.parent_path();
  }
  return false;
}

std::string lookup_in_go_mod(std::string_view text, std::string_view key) {
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (line.empty() || (line.front() != ' ' && line.front() != '\t')) continue;
    return std::string(trim(line.substr(0, line.find("//"))));
  }
  return {};
}

// The file whose go and toolchain lines count: go.work before go.mod.
std::optional<sys::Path> version_file(const sys::Environment& env, const GoCommand& go,
                                      const sys::Path& working_directory) {
  const std::string work = go_env_value(env, "GOWORK", go).value_or("");
  if (work.empty() || work == "auto") {
    if (auto found = find_upward(working_directory, "go.work")) return found;
  } else if (work != "off") {
    const auto info = sys::stat_file(work);
    if (info && *info) return sys::Path(work);
  }
  return find_upward(working_directory, "go.mod");
}

// What cmd/go/internal/toolchain.Select picks: "local" or a toolchain's name.
std::string select_toolchain(const sys::Environment& env, const GoCommand& local,
                             const sys::Path& working_directory) {
  const std::string setting = go_env_value(env, "GOTOOLCHAIN", local).value_or("");
  const std::string modules = go_env_value(env, "GO111MODULE", local).value_or("");
  if (setting.empty() || modules == "off") return "local";
  std::string chosen = "local";
  std::string minimum = version_of_toolchain(local.version);
  std::string mode = setting;
  if (setting != "auto" && setting != "path") {
    const auto plus = setting.find('+');
    const std::string named = setting.substr(0, plus);
    mode = plus == std::string::npos ? "" : setting.substr(plus + 1);
    if (named != "local") {
      chosen = named;
      minimum = version_of_toolchain(named);
    }
  }
  if (mode != "auto" && mode != "path") return chosen;
  const auto file = version_file(env, local, working_directory);
  const auto text = file ? read_text(*file) : std::nullopt;
  if (!text) return chosen;
  const std::string toolchain = lookup_in_go_mod(*text, "toolchain");
  if (toolchain == "default") return chosen;
  const std::string wanted = version_of_toolchain(toolchain);
  if (!wanted.empty() && compare_go_versions(wanted, minimum) > 0) {
    chosen = toolchain;
    minimum = wanted;
  }
  const std::string language = lookup_in_go_mod(*text, "go");
  if (compare_go_versions(language, minimum) > 0) {
    chosen = "go" + language;
    if (is_language_version(language) && compare_go_versions(language, "1.21") >= 0) chosen += ".0";
  }
  return chosen;
}

// Points `go` at the toolchain `name`: a go1.N.M in PATH, else the module cache.
void use_toolchain(const sys::Environment& env, const std::string& name, GoCommand& go) {
  const sys::Path cache = module_cache(env, go);
  go.version = name.substr(0, name.find_first_of(" \t"));
  go.minor = minor_of(name);
  if (const auto in_path = sys::find_in_path(name, env)) {
    // Mostly the wrapper of golang.org/dl, which keeps its tree in ~/sdk.
    GoCommand other;
    if (!find_root(*in_path, other)) other.goroot = sys::home_directory(env) / "sdk" / name;
    go.goroot = other.goroot;
  } else {
    go.goroot = cache / "golang.org" / fmt::format("toolchain@v0.0.1-{}.{}", name, k_platform);
  }
  go.exact = version_in(go.goroot) == go.version;
}

// A go that is no file of a GOROOT (a script, a version manager's shim) can only be asked.
Result<void> ask_go(const sys::Environment& env, const sys::Path& working_directory,
                    GoCommand& go) {
  if (env.has(k_asking_variable)) return fail(Code::conflict, std::string(k_starts_sluice));
  sys::SpawnOptions options;
  options.program = go.path;
  options.arguments = {go.path.native(), "env", "GOVERSION", "GOROOT"};
  options.environment = env;
  options.environment.set(k_asking_variable, "1");
  options.working_directory = working_directory;
  const auto answer = sys::run_captured(options, Deadline::after(k_ask_go_timeout));
  if (!answer) return {};
  if (answer->output.find(k_starts_sluice) != std::string::npos) {
    return fail(Code::conflict, std::string(k_starts_sluice));
  }
  const auto lines = split(answer->output, '\n');
  if (!answer->status.success() || lines.size() < 2 || minor_of(lines[0]) == 0) return {};
  go.version = trim(lines[0]);
  go.version = go.version.substr(0, go.version.find(' '));
  go.minor = minor_of(go.version);
  go.goroot = trim(lines[1]);
  go.exact = true;
  return {};
}

}  // namespace

Result<GoCommand> detect_go(const sys::Environment& env, const sys::Path& working_directory) {
  const auto found = sys::find_in_path("go", env);
  if (!found) return fail(Code::not_found, "go: not found in PATH");
  GoCommand go;
  go.path = *found;
  if (!find_root(*found, go)) {
    go.is_script = true;
    TRY(ask_go(env, working_directory, go));
    return go;
  }
  go.minor = minor_of(go.version);
  go.exact = true;
  const std::string goroot = env.get_or("GOROOT", go_env_written(env, "GOROOT").value_or(""));
  if (!goroot.empty()) go.goroot = goroot;
  constexpr int k_first_switching_minor = 21;
  if (go.minor < k_first_switching_minor) return go;
  const std::string chosen = select_toolchain(env, go, working_directory);
  if (chosen != "local" && chosen != go.version) use_toolchain(env, chosen, go);
  return go;
}

std::optional<std::string> go_env_written(const sys::Environment& env, std::string_view name) {
  const auto file = go_env_file(env);
  if (!file) return std::nullopt;
  return setting_in(*file, name);
}

std::string version_in(const sys::Path& goroot) {
  const auto text = read_text(goroot / "VERSION");
  if (!text) return {};
  std::string_view line = std::string_view(*text).substr(0, text->find('\n'));
  if (line.starts_with("devel ")) line.remove_prefix(6);
  line = trim(line);
  if (minor_of(line) == 0) return {};
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

std::optional<std::string> go_env_value(const sys::Environment& env, std::string_view name,
                                        const GoCommand& go) {
  if (env.has(name)) return env.get(name);
  if (auto written = go_env_written(env, name)) return written;
  return setting_of_goroot(go, name);
}

sys::Path default_gocache(const sys::Environment& env, const GoCommand& go) {
  // A store's URL in the environment hides what `go env -w` says from go, but not from us.
  for (const auto& value :
       {env.get("GOCACHE"), go_env_written(env, "GOCACHE"), setting_of_goroot(go, "GOCACHE")}) {
    if (value && value->starts_with('/')) return *value;
  }
  const auto cache = user_directory(env, "XDG_CACHE_HOME", ".cache");
  return cache.value_or(sys::user_cache_directory(env)) / "go-build";
}

sys::Path module_cache(const sys::Environment& env, const GoCommand& go) {
  if (const auto named = go_env_value(env, "GOMODCACHE", go); named && !named->empty())
    return *named;
  const std::string paths = go_env_value(env, "GOPATH", go).value_or("");
  const std::string first = paths.substr(0, paths.find(':'));
  const sys::Path gopath = first.empty() ? sys::home_directory(env) / "go" : sys::Path(first);
  return gopath / "pkg" / "mod";
}

}  // namespace sluice::gotool
