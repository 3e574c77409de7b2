#include "insight/cause_text.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::insight {
namespace {

using gotool::InputChange;
using gotool::InputKind;

constexpr std::size_t k_names_shown = 5;
constexpr std::size_t k_value_shown = 80;

// Kinds whose changes let other files in.
constexpr auto k_choose_files = std::to_array<InputKind>(
    {InputKind::compiler, InputKind::experiment, InputKind::platform, InputKind::architecture,
     InputKind::race, InputKind::msan, InputKind::asan, InputKind::cgo});

std::string_view label_of(InputKind kind) {
  switch (kind) {
    case InputKind::compiler: return "Go version";
    case InputKind::tool: return "tool";
    case InputKind::experiment: return "GOEXPERIMENT";
    case InputKind::race: return "-race";
    case InputKind::msan: return "-msan";
    case InputKind::asan: return "-asan";
    case InputKind::build_mode: return "build mode";
    case InputKind::gc_flags: return "-gcflags";
    case InputKind::asm_flags: return "-asmflags";
    case InputKind::trimpath: return "-trimpath";
    case InputKind::cover: return "-cover";
    case InputKind::fuzz: return "-fuzz";
    case InputKind::cgo: return "cgo";
    case InputKind::c_compiler: return "C compiler";
    case InputKind::c_flags: return "cgo flags";
    case InputKind::import_path: return "import path";
    case InputKind::package_mode: return "kind of package";
    case InputKind::directory: return "checkout path";
    case InputKind::module_version: return "module version";
    case InputKind::go_directive: return "go directive in go.mod";
    case InputKind::main_module: return "main module";
    case InputKind::dependency: return "module";
    case InputKind::build_setting: return "build setting";
    case InputKind::build_info: return "build information";
    case InputKind::profile: return "profile of -pgo";
    case InputKind::platform:
    case InputKind::architecture:
    case InputKind::magic: return "";  // their names say it
    case InputKind::vcs: return "VCS stamp";
    case InputKind::file: return "file";
    case InputKind::import: return "import";
    case InputKind::other: return "other";
  }
  return "other";
}

std::string value_text(const std::optional<std::string>& value) {
  if (!value) return "not set";
  return value->empty() ? "empty" : printable(*value, k_value_shown);
}

// "a, b and 3 more"
std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < k_names_shown; ++i) {
    text += (i == 0 ? "" : ", ") + printable(names[i], k_value_shown);
  }
  if (names.size() > k_names_shown) {
    text += fmt::format(" and {} more", names.size() - k_names_shown);
  }
  return text;
}

bool is_choosing_files(const std::vector<InputChange>& changes) {
  return std::ranges::any_of(changes, [](const InputChange& change) {
    return std::ranges::find(k_choose_files, change.kind) != k_choose_files.end();
  });
}

bool has(const std::vector<InputChange>& changes, InputKind kind) {
  return std::ranges::any_of(changes, [kind](const auto& change) { return change.kind == kind; });
}

// The directories of one checkout differ at the front only: what they have in common at the end
// is the package, and the same words then stand for all of them.
void strip_common_end(std::string& before, std::string& after) {
  std::size_t common = 0;
  for (std::size_t i = 1; i <= before.size() && i <= after.size(); ++i) {
    if (before[before.size() - i] != after[after.size() - i]) break;
    if (before[before.size() - i] == '/') common = i;
  }
  before.resize(before.size() - common);
  after.resize(after.size() - common);
}

// ".../github.com/x/y@v1.2.3/sub": module directory up to the version, and the version.
std::pair<std::string_view, std::string_view> module_in(std::string_view directory) {
  const auto at = directory.find('@');
  if (at == std::string_view::npos) return {};
  return {directory.substr(0, at), directory.substr(at + 1, directory.find('/', at) - at - 1)};
}

Cause directory_cause(const InputChange& change) {
  std::string before = change.before.value_or("");
  std::string after = change.after.value_or("");
  const auto [old_module, old_version] = module_in(before);
  const auto [new_module, new_version] = module_in(after);
  if (!old_module.empty() && old_module == new_module) {
    constexpr std::string_view k_cache = "/mod/";
    const auto at = old_module.find(k_cache);
    const std::string_view name =
        at == std::string_view::npos ? old_module : old_module.substr(at + k_cache.size());
    return {"module_version",
            fmt::format("module version of {}: {} -> {} (go.mod)", name, old_version, new_version)};
  }
  strip_common_end(before, after);
  return {std::string(gotool::name_of(change.kind)),
          fmt::format("checkout path: {} -> {} (see -trimpath and same-path)",
                      printable(before, k_value_shown), printable(after, k_value_shown))};
}

Cause cause_of(const InputChange& change) {
  if (change.kind == InputKind::directory) return directory_cause(change);
  const std::string kind(gotool::name_of(change.kind));
  const std::string_view label = label_of(change.kind);
  // One-of-a-kind facts have the kind as their name.
  const bool names_it = change.name == label || change.name.empty();
  std::string subject = label.empty() ? change.name
                        : names_it    ? std::string(label)
                                      : fmt::format("{} {}", label, printable(change.name));
  if (change.kind == InputKind::compiler) subject = label;
  return {kind, fmt::format("{}: {} -> {}", subject, value_text(change.before),
                            value_text(change.after))};
}

Cause files_cause(const std::vector<InputChange>& files) {
  std::vector<std::string> changed;
  std::vector<std::string> added;
  std::vector<std::string> removed;
  for (const InputChange& file : files) {
    auto& list = !file.before ? added : !file.after ? removed : changed;
    list.push_back(file.name);
  }
  std::vector<std::string> parts;
  const auto add = [&parts](const std::vector<std::string>& names, std::string_view verb) {
    if (!names.empty()) parts.push_back(fmt::format("{} {}", names_text(names), verb));
  };
  add(changed, "changed");
  add(added, "added");
  add(removed, "removed");
  return {"file", join(parts, "; ")};
}

}  // namespace

std::vector<Cause> causes_of(const std::vector<InputChange>& changes, bool is_standard) {
  const bool is_other_go = is_standard && has(changes, InputKind::compiler);
  const bool is_choosing = is_choosing_files(changes);
  std::vector<Cause> causes;
  std::vector<InputChange> files;
  std::vector<std::string> vcs;
  for (const InputChange& change : changes) {
    switch (change.kind) {
      case InputKind::import: break;
      case InputKind::file: {
        const bool is_edited = change.before && change.after;
        if (!is_other_go && (is_edited || !is_choosing)) files.push_back(change);
        break;
      }
      case InputKind::vcs: vcs.push_back(change.name); break;
      case InputKind::tool:
      case InputKind::go_directive:
        if (!has(changes, InputKind::compiler)) causes.push_back(cause_of(change));
        break;
      default: causes.push_back(cause_of(change));
    }
  }
  if (!vcs.empty()) {
    causes.push_back({"vcs", fmt::format("VCS stamp ({}); see -buildvcs=false", join(vcs, ", "))});
  }
  if (!files.empty()) causes.push_back(files_cause(files));
  return causes;
}

std::vector<Cause> causes_of_imports(const std::vector<InputChange>& changes) {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  for (const InputChange& change : changes) {
    if (change.kind == InputKind::import) {
      (change.before ? removed : added).push_back(change.name);
    }
  }
  std::vector<Cause> causes;
  if (!added.empty()) causes.push_back({"import", "imports now " + names_text(added)});
  if (!removed.empty()) causes.push_back({"import", "no longer imports " + names_text(removed)});
  if (causes.empty()) causes.push_back({"other", "the inputs differ in their order"});
  return causes;
}

std::vector<Cause> causes_of_dependencies(const std::vector<std::string>& imports) {
  if (imports.empty()) return {};
  return {{"dependency", names_text(imports) + " changed, and it is not known why"}};
}

bool is_standard(std::string_view text) {
  return text.find(" standard true ") != std::string_view::npos;
}

bool is_of_one_package(const std::vector<Cause>& causes) {
  return std::ranges::any_of(causes, [](const Cause& cause) {
    return cause.kind == "file" || cause.kind == "import" || cause.kind == "dependency" ||
           cause.kind == "build_setting" || cause.kind == "build_info";
  });
}

}  // namespace sluice::insight
