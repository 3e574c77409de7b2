#include "gotool/build_list.hpp"

#include "base/strings.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_version.hpp"
#include "gotool/modules.hpp"
#include "gotool/toolchain.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_module_file_max = std::uint64_t{16} << 20U;  // bytes of a go.sum
constexpr std::string_view k_first_whole_go_mod = "1.17";

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (const auto word : split(line, ' ')) {
    for (const auto part : split(word, '\t')) {
      if (!part.empty()) words.emplace_back(part);
    }
  }
  return words;
}

// What stands in the place of a module: another one, or a directory (nothing).
using Replacements = std::map<ModuleVersion, std::optional<ModuleVersion>>;

// `path [version] => path [version]`; those of go.work come first and win.
void add_replacements(std::string_view text, Replacements& into) {
  for (const std::string& line : directive_arguments(text, "replace")) {
    const auto words = words_of(line);
    const auto arrow = std::ranges::find(words, "=>");
    const auto before = arrow - words.begin();
    const auto after = words.end() - arrow - 1;
    if (before < 1 || before > 2 || after < 1 || after > 2) continue;
    std::optional<ModuleVersion> target;
    if (after == 2) target = ModuleVersion{*(arrow + 1), *(arrow + 2)};
    into.try_emplace({words[0], before == 2 ? words[1] : ""}, std::move(target));
  }
}

std::optional<ModuleVersion> after_replacement(const ModuleVersion& module,
                                               const Replacements& replacements) {
  auto at = replacements.find(module);
  if (at == replacements.end()) at = replacements.find({module.path, ""});
  return at == replacements.end() ? module : at->second;
}

using Newest = std::map<std::string, std::string, std::less<>>;  // version of a path

void keep_newer(const ModuleVersion& module, Newest& newest) {
  std::string& known = newest[module.path];
  if (known.empty() || compare_module_versions(known, module.version) < 0) known = module.version;
}

bool names_all(std::string_view go_mod) {
  const std::string version = go_version_of(go_mod);
  return !version.empty() && compare_go_versions(version, k_first_whole_go_mod) >= 0;
}

Result<std::string> read_text(const sys::Path& file) {
  TRY_ASSIGN(const auto bytes, sys::read_file(file, k_module_file_max));
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

std::vector<std::string> goflags_of(const sys::Environment& env) {
  std::string goflags = env.get_or("GOFLAGS", "");
  if (goflags.empty()) goflags = go_env_written(env, "GOFLAGS").value_or("");
  return split_go_words(goflags).value_or(std::vector<std::string>());
}

// What -mod says, else what go takes without it.
bool is_vendored(const std::vector<std::string>& goflags, const sys::Path& root) {
  if (const auto mod = go_flag_value(goflags, "mod")) return *mod == "vendor";
  const auto info = sys::stat_file(root / "vendor/modules.txt");
  return info && *info;
}

}  // namespace

std::vector<SummedModule> needed_modules(const ModuleFiles& files) {
  Replacements replacements;
  add_replacements(files.go_work, replacements);
  Newest required;
  for (const std::string& go_mod : files.go_mods) {
    add_replacements(go_mod, replacements);
    for (const std::string& line : directive_arguments(go_mod, "require")) {
      const auto words = words_of(line);
      if (words.size() == 2) keep_newer({words[0], words[1]}, required);
    }
  }
  std::set<ModuleVersion> trees;
  for (const auto& [path, version] : required) {
    if (auto module = after_replacement({path, version}, replacements)) {
      trees.insert(std::move(*module));
    }
  }
  if (!files.go_work.empty() || !std::ranges::all_of(files.go_mods, names_all)) {
    Newest newest;
    for (const auto& [module, sums] : files.sums) {
      if (!sums.tree.empty()) keep_newer(module, newest);
    }
    for (const auto& [path, version] : newest) trees.insert({path, version});
  }
  std::vector<SummedModule> needed;
  for (const auto& [module, sums] : files.sums) {
    SummedModule one{module, sums};
    if (!trees.contains(module)) one.sums.tree.clear();
    if (!one.sums.tree.empty() || !one.sums.go_mod.empty()) needed.push_back(std::move(one));
  }
  return needed;
}

Result<std::vector<SummedModule>> needed_modules(const sys::Environment& env,
                                                 const sys::Path& working_directory) {
  ModuleFiles files;
  const auto goflags = goflags_of(env);
  const auto work = go_work_file(env, working_directory);
  std::vector<sys::Path> sums;
  if (work) {
    TRY_ASSIGN(files.go_work, read_text(*work));
    sums.push_back(sys::Path(*work).replace_extension(".work.sum"));
    if (is_vendored(goflags, work->parent_path())) return std::vector<SummedModule>();
  }
  for (const MainModule& module : main_modules(env, working_directory)) {
    if (!work && is_vendored(goflags, module.root)) return std::vector<SummedModule>();
    sys::Path go_mod = module.root / "go.mod";
    // Another file in its place, with a go.sum beside it; a workspace has none.
    if (const auto other = go_flag_value(goflags, "modfile"); other && !work) {
      go_mod = working_directory / *other;
    }
    TRY_ASSIGN(std::string text, read_text(go_mod));
    files.go_mods.push_back(std::move(text));
    sums.push_back(go_mod.replace_extension(".sum"));
  }
  for (const sys::Path& file : sums) {
    TRY_ASSIGN(const std::string text, read_text(file));
    TRY(add_go_sum(text, file.native(), files.sums));
  }
  return needed_modules(files);
}

}  // namespace sluice::gotool
