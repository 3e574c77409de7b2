#include "insight/checkout_files.hpp"

#include "base/strings.hpp"
#include "gotool/modules.hpp"
#include "insight/ci_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::array<std::string_view, 8> k_directories = {
    "", ".github/workflows", ".gitlab", ".gitlab/ci", ".ci", "ci", "scripts", "hack"};
constexpr std::string_view k_actions = ".github/actions";
constexpr std::size_t k_names_max = 20'000;  // of one directory

std::vector<std::string> names_in(const sys::Path& directory) {
  std::vector<std::string> names;
  // A directory that cannot be listed has nothing to say.
  static_cast<void>(sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    if (names.size() >= k_names_max) return fail(Code::exhausted, "too many names");
    names.emplace_back(name);
    return {};
  }));
  std::ranges::sort(names);
  return names;
}

std::string path_of(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

class Examiner {
 public:
  Examiner(const sys::Path& checkout, const ModuleFacts& module)
      : checkout_(checkout), module_(module) {}

  // The known places below this directory of the checkout; empty: its root.
  void examine(const std::string& base) {
    base_ = base;
    for (const std::string_view directory : k_directories) {
      for (const std::string& name : names_in(checkout_ / base / directory)) {
        examine_file(path_of(directory, name), !directory.empty());
      }
    }
    for (const std::string& action : names_in(checkout_ / base / k_actions)) {
      for (const std::string_view name : {"action.yml", "action.yaml"}) {
        examine_file(fmt::format("{}/{}/{}", k_actions, action, name), false);
      }
    }
  }

  ExaminedFiles take() {
    put_in_order(found_.findings);
    return std::move(found_);
  }

 private:
  // `by_content`: a file of any name may be a script.
  void examine_file(const std::string& place, bool by_content) {
    if (found_.files.size() >= k_pipeline_files_max) return;
    const std::string path = path_of(base_, place);
    const bool is_known = file_kind_of(place, "").has_value();
    const bool has_suffix = place.find('.', place.rfind('/') + 1) != std::string::npos;
    if (!is_known && (!by_content || has_suffix)) return;
    const auto info = sys::stat_file(checkout_ / path);
    if (!info || !*info || !(*info)->is_regular()) return;
    const auto bytes = sys::read_file(checkout_ / path, k_pipeline_file_size_max);
    if (!bytes) {
      if (is_known) add_problem(path, 0, bytes.error().message);
      return;
    }
    if (!*bytes) return;
    const std::string_view text = text_of(**bytes);
    const auto kind = file_kind_of(place, text);
    if (!kind || std::ranges::find(found_.files, path) != found_.files.end()) return;
    found_.files.push_back(path);
    const auto pipeline = read_pipeline(*kind, text, path);
    if (!pipeline) {
      const auto [line, what] = placed(pipeline.error().message, path);
      return add_problem(path, line, what);
    }
    std::ranges::move(advise(*pipeline, module_), std::back_inserter(found_.findings));
  }

  // "FILE:LINE: what" in parts; a message without its place is what it is.
  static std::pair<std::uint32_t, std::string> placed(const std::string& message,
                                                      const std::string& path) {
    if (!message.starts_with(path + ":")) return {0, message};
    const std::size_t line = path.size() + 1;
    const std::size_t end = message.find(": ", line);
    if (end == std::string::npos) return {0, message};
    const auto number = parse_int<std::uint32_t>(message.substr(line, end - line));
    if (!number) return {0, message};
    return {*number, message.substr(end + 2)};
  }

  void add_problem(const std::string& path, std::uint32_t line, const std::string& message) {
    Finding finding;
    finding.id = "unreadable-file";
    finding.severity = Severity::note;
    finding.file = path;
    finding.line = line;
    finding.what = message;
    finding.fix = fmt::format("git log -p -- {}", path);
    found_.findings.push_back(std::move(finding));
  }

  const sys::Path& checkout_;
  const ModuleFacts& module_;
  std::string base_;
  ExaminedFiles found_;
};

std::optional<std::string> read_text(const sys::Path& path) {
  const auto bytes = sys::read_file(path, k_pipeline_file_size_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::string(text_of(**bytes));
}

}  // namespace

ModuleFacts find_module(const sys::Environment& env, const sys::Path& directory,
                        const sys::Path& checkout) {
  std::optional<sys::Path> file;
  if (env.get_or("GOWORK", "") != "off") file = gotool::find_upward(directory, "go.work");
  if (!file) file = gotool::find_upward(directory, "go.mod");
  const auto text = file ? read_text(*file) : std::nullopt;
  if (!text) return {};
  const sys::Path relative = file->lexically_relative(checkout);
  const bool is_inside = !relative.empty() && !relative.native().starts_with("..");
  ModuleFacts facts = module_facts(*text, is_inside ? relative.native() : file->native());
  for (const char* name : {"go.sum", "go.work.sum"}) {
    const auto info = sys::stat_file(file->parent_path() / name);
    facts.has_go_sum = facts.has_go_sum || (info && *info);
  }
  return facts;
}

ExaminedFiles examine_files(const sys::Path& checkout, const sys::Path& directory,
                            const ModuleFacts& module) {
  Examiner examiner(checkout, module);
  examiner.examine("");
  const std::string inside = directory.lexically_relative(checkout).native();
  if (!inside.empty() && inside != "." && !inside.starts_with("..")) examiner.examine(inside);
  return examiner.take();
}

}  // namespace sluice::insight
