#include "insight/flag_causes.hpp"

#include "base/strings.hpp"
#include "gotool/chosen_files.hpp"
#include "insight/build_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace sluice::insight {
namespace {

using gotool::FileChoice;
using gotool::InputChange;
using gotool::InputKind;

constexpr std::size_t k_value_shown = 80;

// Kinds of causes that are flags.
constexpr auto k_flag_of_kind = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"race", "race"},
    {"msan", "msan"},
    {"asan", "asan"},
    {"gc_flags", "gcflags"},
    {"asm_flags", "asmflags"},
    {"ld_flags", "ldflags"},
    {"trimpath", "trimpath"},
    {"tags", "tags"},
    {"build_mode", "buildmode"},
});

std::string_view rest_of_line(std::string_view text, std::string_view begin) {
  const auto at = text.find(begin);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + begin.size());
  return rest.substr(0, rest.find('\n'));
}

std::vector<sys::Path> directories_of(std::string_view text, const std::vector<sys::Path>& roots) {
  if (const auto directory = rest_of_line(text, "\ndir "); !directory.empty()) return {directory};
  std::string_view module = rest_of_line(text, "\nmodule ");
  module = module.substr(0, module.rfind('@'));
  std::string_view package = rest_of_line(text, "\nimport \"");
  package = package.substr(0, package.find('"'));
  if (module.empty() || !package.starts_with(module)) return {};
  const std::string below(package.substr(module.size()));
  std::vector<sys::Path> directories;
  for (const sys::Path& root : roots) directories.emplace_back(root.native() + below);
  return directories;
}

gotool::TagNames tag_names(const std::optional<GivenFlag>& given) {
  gotool::TagNames names;
  if (!given) return names;
  std::string list = given->value;  // older scripts have blanks between them
  std::ranges::replace(list, ' ', ',');
  for (const std::string_view name : split(list, ',')) {
    if (!name.empty()) names.emplace(name);
  }
  return names;
}

// As the build information of a program has it.
std::string tags_text(const std::optional<GivenFlag>& given) {
  if (!given || given->value.empty()) return "not set";
  std::string list = given->value;
  std::ranges::replace(list, ' ', ',');
  return printable(list, k_value_shown);
}

std::optional<bool> cgo_of(std::string_view text) {
  if (text.find("\ncgo \"") == std::string_view::npos) return std::nullopt;
  return true;
}

bool has_kind(const std::vector<Cause>& causes, std::string_view kind) {
  return std::ranges::find(causes, kind, &Cause::kind) != causes.end();
}

class FlagCauses {
 public:
  FlagCauses(std::vector<Cause>& causes, const std::vector<InputChange>& changes,
             const CalledSide& before, const CalledSide& after, const std::vector<sys::Path>& roots)
      : causes_(causes), before_(before), after_(after), roots_(roots) {
    for (const InputChange& change : changes) {
      if (change.kind == InputKind::file) {
        if (change.before && change.after)
          has_edited_ = true;
        else
          files_.push_back(change);
      }
      if (change.kind == InputKind::cgo) cgo_ = &change;
    }
  }

  void run() {
    if (cgo_ != nullptr) add_cgo();
    add_tags();
    name_build_mode();
    name_goflags();
  }

 private:
  std::size_t chosen(const FileChoice& before, const FileChoice& after) const {
    const auto directories = directories_of(after_.text, roots_);
    return static_cast<std::size_t>(std::ranges::count_if(files_, [&](const InputChange& file) {
      return gotool::is_chosen(file, before, after, directories);
    }));
  }

  void add_cgo() {
    const FlagOfJob before = flag_of(before_.commands, "tags");
    const FlagOfJob after = flag_of(after_.commands, "tags");
    const std::size_t count =
        chosen({before_.text, tag_names(before.given), cgo_->before.has_value()},
               {after_.text, tag_names(after.given), cgo_->after.has_value()});
    if (count == 0) return;
    for (Cause& cause : causes_) {
      if (cause.kind == "cgo") cause.text += " (CGO_ENABLED, or no C compiler)";
    }
    if (count < files_.size() || has_edited_) return;
    std::erase_if(causes_, [](const Cause& cause) { return cause.kind == "file"; });
  }

  void add_tags() {
    if (files_.empty() || has_kind(causes_, "tags")) return;
    const FlagOfJob before = flag_of(before_.commands, "tags");
    const FlagOfJob after = flag_of(after_.commands, "tags");
    const auto old_names = tag_names(before.given);
    const auto new_names = tag_names(after.given);
    if (!before.is_known || !after.is_known || old_names == new_names) return;
    if (chosen({before_.text, old_names, cgo_of(before_.text)},
               {after_.text, new_names, cgo_of(after_.text)}) == 0) {
      return;
    }
    const auto files = std::ranges::find(causes_, "file", &Cause::kind);
    causes_.insert(files, {"tags", fmt::format("-tags: {} -> {}", tags_text(before.given),
                                               tags_text(after.given))});
  }

  // Which go turns into flags of the compiler.
  void name_build_mode() {
    const auto mode = std::ranges::find(causes_, "build_mode", &Cause::kind);
    const FlagOfJob before = flag_of(before_.commands, "buildmode");
    const FlagOfJob after = flag_of(after_.commands, "buildmode");
    if (mode == causes_.end() || !before.is_known || !after.is_known ||
        before.given == after.given) {
      return;
    }
    const auto text = [](const std::optional<GivenFlag>& given) {
      return given ? printable(given->value, k_value_shown) : "not set";
    };
    mode->text = fmt::format("-buildmode: {} -> {}", text(before.given), text(after.given));
  }

  // So that nobody looks for them in the command.
  void name_goflags() {
    for (Cause& cause : causes_) {
      const auto* const known = std::ranges::find(
          k_flag_of_kind, cause.kind, &std::pair<std::string_view, std::string_view>::first);
      if (known == k_flag_of_kind.end()) continue;
      const FlagOfJob before = flag_of(before_.commands, known->second);
      const FlagOfJob after = flag_of(after_.commands, known->second);
      if (!before.is_known || !after.is_known || before.given == after.given) continue;
      const auto& told = after.given ? after.given : before.given;
      if (told->is_by_goflags) cause.text += " (GOFLAGS)";
    }
  }

  std::vector<Cause>& causes_;
  const CalledSide& before_;
  const CalledSide& after_;
  const std::vector<sys::Path>& roots_;
  std::vector<InputChange> files_;  // that came or went
  bool has_edited_ = false;         // others are other files now
  const InputChange* cgo_ = nullptr;
};

}  // namespace

void add_flags(std::vector<Cause>& causes, const std::vector<InputChange>& changes,
               const CalledSide& before, const CalledSide& after,
               const std::vector<sys::Path>& roots) {
  FlagCauses(causes, changes, before, after, roots).run();
}

}  // namespace sluice::insight
