#include "gotool/module_origin.hpp"

#include "base/strings.hpp"
#include "gotool/modules.hpp"

#include <algorithm>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_text_bytes_max = 16U << 20U;
constexpr std::string_view k_default_language = "1.16";  // of a module with no go directive

std::optional<std::string> read_text(const sys::Path& file) {
  const auto bytes = sys::read_file(file, k_text_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::string(text_of(**bytes));
}

std::string language_of(std::string_view version) {
  if (version.empty()) return std::string(k_default_language);
  const auto first = version.find('.');
  if (first == std::string_view::npos) return std::string(version);
  const auto end = version.find_first_not_of("0123456789", first + 1);
  return std::string(version.substr(0, end));
}

struct GoMod {
  std::string path;
  std::string go_version;
};

std::optional<GoMod> read_go_mod(const sys::Path& file) {
  const auto text = read_text(file);
  if (!text) return std::nullopt;
  return GoMod{module_path_of(*text), go_version_of(*text)};
}

// The nearest one. In the module cache a module's root has '@' in its name, and what lies above it
// is not asked.
std::optional<GoMod> nearest_go_mod(sys::Path directory) {
  for (;;) {
    if (auto found = read_go_mod(directory / "go.mod")) return found;
    const bool is_cached = directory.filename().native().find('@') != std::string::npos;
    if (is_cached) return GoMod{};
    if (!directory.has_relative_path()) return std::nullopt;
    directory = directory.parent_path();
  }
}

bool is_below(std::string_view package, std::string_view module) {
  return package.starts_with(module) &&
         (package.size() == module.size() || package[module.size()] == '/' ||
          package.substr(module.size()) == ".test" || package.substr(module.size()) == "_test");
}

// For packages whose sources do not lie in their module: the main package of a test, files named on
// a command line.
std::optional<GoMod> main_module_of(std::string_view import_path, const sys::Environment& env,
                                    const sys::Path& working_directory) {
  const auto modules = main_modules(env, working_directory);
  const MainModule* best = nullptr;
  for (const MainModule& module : modules) {
    if (is_below(import_path, module.path) && (!best || module.path.size() > best->path.size())) {
      best = &module;
    }
  }
  if (best == nullptr && modules.size() == 1) best = &modules.front();
  return best != nullptr ? read_go_mod(best->root / "go.mod") : std::nullopt;
}

std::optional<std::string> vendored_version(const sys::Path& directory,
                                            std::string_view import_path) {
  constexpr std::string_view k_vendor = "/vendor/";
  const auto at = directory.native().rfind(k_vendor);
  if (at == std::string::npos) return std::nullopt;
  const std::string root = directory.native().substr(0, at);
  const auto text = read_text(sys::Path(root + "/vendor/modules.txt"));
  return text ? go_version_in_vendor(*text, import_path) : std::nullopt;
}

// -trimpath names the module where it has a version: FROM=>path@version/rest.
std::optional<std::string> module_in_rewrite(const CompileCommand& command) {
  if (command.rewrites.empty()) return std::nullopt;
  const std::string& to = command.rewrites.front().second;
  const auto at = to.find('@');
  if (at == std::string::npos) return std::nullopt;
  return to.substr(0, to.find('/', at));
}

void add_new(std::vector<std::optional<std::string>>& list, std::optional<std::string> value) {
  if (std::ranges::find(list, value) == list.end()) list.push_back(std::move(value));
}

}  // namespace

ModuleOrigin find_module_origin(const CompileCommand& command, std::string_view import_path,
                                const sys::Path& directory, const sys::Environment& env,
                                const sys::Path& working_directory) {
  ModuleOrigin origin;
  if (command.is_standard) {
    // Unless go was started in GOROOT/src, where std is the main module.
    origin.go_versions = {std::nullopt, command.language};
    origin.modules = {std::nullopt, "std@"};
    return origin;
  }
  if (import_path == "command-line-arguments") {
    origin.go_versions = {std::nullopt, command.language};
    origin.modules = {std::nullopt};
    return origin;
  }
  const bool is_in_work = command.is_below_work(directory);
  std::optional<GoMod> module;
  if (!is_in_work) module = nearest_go_mod(directory);
  if (!module) module = main_module_of(import_path, env, working_directory);
  if (!is_in_work) {
    if (auto vendored = vendored_version(directory, import_path)) {
      add_new(origin.go_versions, std::move(*vendored));
    }
  }
  if (module) add_new(origin.go_versions, module->go_version);
  // What does not agree with -lang is no answer.
  std::erase_if(origin.go_versions, [&](const auto& version) {
    return language_of(version.value_or("")) != command.language;
  });
  if (command.language == k_default_language) add_new(origin.go_versions, "");
  if (!module) add_new(origin.go_versions, std::nullopt);
  add_new(origin.go_versions, command.language);
  if (const auto named = module_in_rewrite(command)) {
    origin.modules = {*named};
    return origin;
  }
  if (module && !module->path.empty()) add_new(origin.modules, module->path + "@");
  if (const auto own = main_module_of(import_path, env, working_directory)) {
    add_new(origin.modules, own->path + "@");
  }
  add_new(origin.modules, std::nullopt);
  return origin;
}

std::optional<std::string> go_version_in_vendor(std::string_view modules_txt,
                                                std::string_view import_path) {
  std::string version;
  for (std::string_view line : split(modules_txt, '\n')) {
    line = trim(line);
    if (line.starts_with("## ")) {
      for (const std::string_view part : split(line.substr(3), ';')) {
        const std::string_view said = trim(part);
        if (said.starts_with("go ")) version = trim(said.substr(3));
      }
    } else if (line.starts_with("# ")) {
      version.clear();
    } else if (line == import_path) {
      return version;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::gotool
