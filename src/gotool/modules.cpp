#include "gotool/modules.hpp"

#include "base/strings.hpp"
#include "gotool/toolchain.hpp"

#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_module_file_max = std::uint64_t{4}
                                            << 20U;  // bytes of a go.mod or go.work
constexpr std::size_t k_module_path_max = 256;
constexpr std::size_t k_modules_max = 4096;  // of one workspace

std::optional<std::string> read_text(const sys::Path& file) {
  const auto bytes = sys::read_file(file, k_module_file_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::string(text_of(**bytes));
}

std::string_view unquoted(std::string_view word) {
  const bool quoted = word.size() > 1 && (word.front() == '"' || word.front() == '`') &&
                      word.back() == word.front();
  return quoted ? word.substr(1, word.size() - 2) : word;
}

std::string_view without_comment(std::string_view line) {
  return trim(line.substr(0, line.find("//")));
}

std::optional<MainModule> module_in(const sys::Path& root) {
  const auto text = read_text(root / "go.mod");
  if (!text) return std::nullopt;
  MainModule module{module_path_of(*text), root};
  if (module.path.empty()) return std::nullopt;
  return module;
}

// It may come from a store: nothing that leads out of a module.
bool is_import_path(std::string_view path) {
  for (const std::string_view element : split(path, '/')) {
    if (element.empty() || element == "." || element == "..") return false;
  }
  return path.find('\0') == std::string_view::npos;
}

bool is_a_directory(const sys::Path& path) {
  const auto info = sys::stat_file(path);
  return info && *info && (*info)->is_directory();
}

}  // namespace

std::vector<std::string> directive_arguments(std::string_view text, std::string_view directive) {
  std::vector<std::string> arguments;
  bool in_block = false;
  for (std::string_view line : split(text, '\n')) {
    line = without_comment(line);
    if (in_block) {
      if (line == ")")
        in_block = false;
      else if (!line.empty())
        arguments.emplace_back(unquoted(line));
      continue;
    }
    if (!line.starts_with(directive)) continue;
    std::string_view rest = line.substr(directive.size());
    if (rest.empty() || (rest.front() != ' ' && rest.front() != '\t' && rest.front() != '('))
      continue;
    rest = trim(rest);
    if (rest == "(")
      in_block = true;
    else
      arguments.emplace_back(unquoted(rest));
  }
  return arguments;
}

std::optional<sys::Path> find_upward(sys::Path directory, std::string_view name) {
  for (;;) {
    const auto info = sys::stat_file(directory / name);
    if (info && *info && !(*info)->is_directory()) return directory / name;
    if (!directory.has_relative_path()) return std::nullopt;
    directory = directory.parent_path();
  }
}

std::string module_path_of(std::string_view go_mod) {
  const auto paths = directive_arguments(go_mod, "module");
  if (paths.empty() || paths.front().size() > k_module_path_max) return {};
  return paths.front();
}

std::string go_version_of(std::string_view go_mod) {
  const auto versions = directive_arguments(go_mod, "go");
  if (versions.empty() || versions.front().size() > k_module_path_max) return {};
  return versions.front();
}

std::optional<sys::Path> go_work_file(const sys::Environment& env,
                                      const sys::Path& working_directory) {
  std::string setting = env.get_or("GOWORK", "");
  if (setting.empty()) setting = go_env_written(env, "GOWORK").value_or("");
  if (setting == "off") return std::nullopt;
  if (!setting.empty() && setting != "auto") return sys::Path(setting);
  return find_upward(working_directory, "go.work");
}

std::vector<MainModule> main_modules(const sys::Environment& env,
                                     const sys::Path& working_directory) {
  std::vector<MainModule> modules;
  if (const auto work = go_work_file(env, working_directory)) {
    const auto text = read_text(*work);
    if (!text) return modules;
    for (const std::string& used : directive_arguments(*text, "use")) {
      if (modules.size() == k_modules_max) break;
      sys::Path root = (work->parent_path() / used).lexically_normal();
      if (!root.has_filename()) root = root.parent_path();
      if (auto module = module_in(root)) modules.push_back(std::move(*module));
    }
    return modules;
  }
  if (const auto file = find_upward(working_directory, "go.mod")) {
    if (auto module = module_in(file->parent_path())) modules.push_back(std::move(*module));
  }
  return modules;
}

std::optional<PackagePlace> place_of_package(std::string_view import_path,
                                             const std::vector<MainModule>& modules,
                                             const sys::Path& goroot) {
  if (!is_import_path(import_path)) return std::nullopt;
  const MainModule* best = nullptr;
  for (const MainModule& module : modules) {
    const bool is_below =
        import_path.starts_with(module.path) &&
        (import_path.size() == module.path.size() || import_path[module.path.size()] == '/');
    if (is_below && (!best || module.path.size() > best->path.size())) best = &module;
  }
  if (best) {
    sys::Path directory = best->root;
    if (import_path.size() > best->path.size()) {
      directory /= import_path.substr(best->path.size() + 1);
    }
    if (is_a_directory(directory)) return PackagePlace{std::move(directory), best->root};
  }
  if (goroot.empty()) return std::nullopt;
  sys::Path directory = goroot / "src" / import_path;
  if (!is_a_directory(directory)) return std::nullopt;
  return PackagePlace{std::move(directory), goroot};
}

}  // namespace sluice::gotool
