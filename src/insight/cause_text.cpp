#include "insight/cause_text.hpp"

#include "base/strings.hpp"
#include "gotool/same_path.hpp"
#include "insight/nearest_inputs.hpp"

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
     InputKind::race, InputKind::msan, InputKind::asan});

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
  const std::string_view text = trim(*value);
  return text.empty() ? "empty" : printable(text, k_value_shown);
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

// A path of the module cache as an import path: a capital letter is "!" and the small one there.
std::string unescaped(std::string_view path) {
  std::string text;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const bool is_capital =
        path[at] == '!' && at + 1 < path.size() && path[at + 1] >= 'a' && path[at + 1] <= 'z';
    text += is_capital ? static_cast<char>(path[++at] - 'a' + 'A') : path[at];
  }
  return text;
}

std::string import_path_of(std::string_view text) {
  constexpr std::string_view k_line = "\nimport \"";
  const auto at = text.find(k_line);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + k_line.size());
  return std::string(rest.substr(0, rest.find('"')));
}

// The module whose directory (without the version) this is: the longest end of it that the
// package's import path begins with.
std::string module_name(std::string_view directory, std::string_view import_path) {
  for (auto at = directory.find('/'); at != std::string_view::npos;
       at = directory.find('/', at + 1)) {
    std::string name = unescaped(directory.substr(at + 1));
    if (!import_path.starts_with(name)) continue;
    if (import_path.size() == name.size() || import_path[name.size()] == '/') return name;
  }
  constexpr std::string_view k_cache = "/mod/";  // replaced by a module of another name
  const auto at = directory.find(k_cache);
  return unescaped(at == std::string_view::npos ? directory
                                                : directory.substr(at + k_cache.size()));
}

Cause directory_cause(const InputChange& change, std::string_view text) {
  std::string before = change.before.value_or("");
  std::string after = change.after.value_or("");
  const auto [old_module, old_version] = module_in(before);
  const auto [new_module, new_version] = module_in(after);
  const auto version_cause = [&](std::string_view module, std::string_view from,
                                 std::string_view to, std::string_view where) {
    return Cause{"module_version",
                 fmt::format("module version of {}: {} -> {} ({})",
                             printable(module_name(module, import_path_of(text))),
                             printable(from, k_value_shown), printable(to, k_value_shown), where)};
  };
  if (!old_module.empty() && old_module == new_module) {
    return version_cause(old_module, old_version, new_version, "go.mod");
  }
  // A module in place of a directory, or the other way round.
  if (old_module.empty() != new_module.empty()) {
    const std::string_view module = old_module.empty() ? new_module : old_module;
    return version_cause(module, old_module.empty() ? std::string_view(before) : old_version,
                         new_module.empty() ? std::string_view(after) : new_version,
                         "go.mod or go.work");
  }
  strip_common_end(before, after);
  return {std::string(gotool::name_of(change.kind)),
          fmt::format("checkout path: {} -> {} (see -trimpath and same-path)",
                      printable(before, k_value_shown), printable(after, k_value_shown))};
}

// Settings of a program that have a name of their own, or that of the same fact in other packages.
std::string kind_of_setting(std::string_view name) {
  if (name == "-ldflags") return "ld_flags";
  if (name == "-tags") return "tags";
  if (name == "CGO_ENABLED") return std::string(gotool::name_of(InputKind::cgo));
  if (name.starts_with("CGO_")) return std::string(gotool::name_of(InputKind::c_flags));
  return std::string(gotool::name_of(InputKind::build_setting));
}

Cause cause_of(const InputChange& change, std::string_view text) {
  if (change.kind == InputKind::directory) return directory_cause(change, text);
  std::string kind(gotool::name_of(change.kind));
  const auto says = [&](std::string_view subject, std::string_view before, std::string_view after) {
    return Cause{kind, fmt::format("{}: {} -> {}", subject, before, after)};
  };
  if (change.kind == InputKind::module_version && change.before && change.after) {
    const auto version = [](const std::string& value) {
      return value.empty() ? "a directory" : printable(value, k_value_shown);
    };
    return says("module version of " + printable(change.name), version(*change.before),
                version(*change.after) + " (go.mod)");
  }
  if (change.kind == InputKind::cgo) {
    return says("cgo", change.before ? "on" : "off", change.after ? "on" : "off");
  }
  const auto is = [&change](std::string_view value) {
    return change.before == value || change.after == value;
  };
  // Of a test's program go writes this word in place of the mode.
  if (change.kind == InputKind::cover && is("testmain")) {
    return says("-cover", change.before ? "true" : "not set", change.after ? "true" : "not set");
  }
  if (change.kind == InputKind::package_mode && change.name == "omitdebug") {
    const auto state = [](const std::optional<std::string>& value) {
      return value == "true" ? "left out (go run)" : "kept";
    };
    return says("debug information", state(change.before), state(change.after));
  }
  if (change.kind == InputKind::build_info && change.name == k_program) {
    return {kind, change.before ? "built for a test; before as a program, with build information"
                                : "built as a program, with build information; before for a test"};
  }
  if (change.kind == InputKind::build_setting) kind = kind_of_setting(change.name);
  const std::string_view label = label_of(change.kind);
  // One-of-a-kind facts have the kind as their name; flags and variables have their own.
  const bool names_itself = change.name.starts_with('-') || change.name.starts_with("CGO_");
  const bool names_it = change.name == label || change.name.empty() ||
                        change.kind == InputKind::compiler ||
                        change.kind == InputKind::go_directive || change.kind == InputKind::profile;
  const std::string subject = label.empty() || names_itself ? printable(change.name)
                              : names_it                    ? std::string(label)
                                         : fmt::format("{} {}", label, printable(change.name));
  if (change.kind == InputKind::build_setting && change.name == "DefaultGODEBUG") {
    return says(subject, value_text(change.before),
                value_text(change.after) + " (godebug or go line of go.mod, //go:debug)");
  }
  return says(subject, value_text(change.before), value_text(change.after));
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

std::vector<Cause> causes_of(const std::vector<InputChange>& changes, std::string_view text) {
  const bool is_other_go = is_standard(text) && has(changes, InputKind::compiler);
  // Of one's own packages somebody may as well have taken the cgo files away.
  const bool is_choosing =
      is_choosing_files(changes) || (is_standard(text) && has(changes, InputKind::cgo));
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
        if (!has(changes, InputKind::compiler)) causes.push_back(cause_of(change, text));
        break;
      default: causes.push_back(cause_of(change, text));
    }
  }
  if (!vcs.empty()) {
    causes.push_back({"vcs", fmt::format("VCS stamp ({}); see -buildvcs=false", join(vcs, ", "))});
  }
  if (!files.empty()) causes.push_back(files_cause(files));
  return causes;
}

Cause directory_in_checkout(const InputChange& change) {
  std::string before = change.before.value_or("");
  std::string after = change.after.value_or("");
  const auto is_shown = [](const std::string& directory) {
    return gotool::lies_within(directory, gotool::k_same_path_root);
  };
  const bool is_same_path = is_shown(before) != is_shown(after);
  strip_common_end(before, after);
  if (is_same_path) {
    return {std::string(gotool::name_of(InputKind::directory)),
            fmt::format("path: {} -> {} (--same-path)", printable(before, k_value_shown),
                        printable(after, k_value_shown))};
  }
  return {std::string(gotool::name_of(InputKind::module_version)),
          fmt::format("module directory: {} -> {} (replace in go.mod, or go.work)",
                      printable(before, k_value_shown), printable(after, k_value_shown))};
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
