#include "insight/ci_files.hpp"

#include "insight/ci_github.hpp"
#include "insight/ci_gitlab.hpp"
#include "insight/ci_jenkins.hpp"
#include "insight/ci_makefile.hpp"

#include <string>

namespace sluice::insight {
namespace {

bool is_yaml(std::string_view name) { return name.ends_with(".yml") || name.ends_with(".yaml"); }

bool says_shell(std::string_view text) {
  if (!text.starts_with("#!")) return false;
  std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (const auto word = line.find_last_of("/ "); word != std::string_view::npos) {
    // Behind options, as in "#!/bin/sh -e".
    if (line.substr(word + 1).starts_with('-')) line = line.substr(0, word);
  }
  return line.ends_with("sh");
}

bool is_makefile(std::string_view name) {
  return name == "Makefile" || name == "makefile" || name == "GNUmakefile" || name.ends_with(".mk");
}

Result<Pipeline> read_whole(FileKind kind, std::string_view text, std::string_view file) {
  switch (kind) {
    case FileKind::github: return read_github(text, file);
    case FileKind::gitlab: return read_gitlab(text, file);
    case FileKind::jenkins: return read_jenkins(text, file);
    case FileKind::makefile: return read_makefile(text, file);
    case FileKind::script: break;
  }
  Pipeline pipeline;
  pipeline.kind = FileKind::script;
  pipeline.file = file;
  pipeline.steps.push_back({"", {}, std::string(text), 1, true});
  return pipeline;
}

}  // namespace

std::optional<FileKind> file_kind_of(std::string_view path, std::string_view text) {
  const auto slash = path.rfind('/');
  const std::string_view name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  const std::string_view directory =
      slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  if (directory == ".github/workflows" && is_yaml(name)) return FileKind::github;
  if (directory.starts_with(".github/actions/") &&
      (name == "action.yml" || name == "action.yaml")) {
    return FileKind::github;
  }
  if (path == ".gitlab-ci.yml" || (directory.starts_with(".gitlab") && is_yaml(name))) {
    return FileKind::gitlab;
  }
  if (name.starts_with("Jenkinsfile") || name.ends_with(".jenkinsfile")) return FileKind::jenkins;
  if (is_makefile(name)) return FileKind::makefile;
  if (name.ends_with(".sh") || says_shell(text)) return FileKind::script;
  return std::nullopt;
}

Result<Pipeline> read_pipeline(FileKind kind, std::string_view text, std::string_view file) {
  TRY_ASSIGN(Pipeline pipeline, read_whole(kind, text, file));
  const auto bound = [](auto& list) {
    if (list.size() > k_places_max) list.erase(list.begin() + k_places_max, list.end());
  };
  bound(pipeline.uses);
  bound(pipeline.cached);
  bound(pipeline.cache_keys);
  bound(pipeline.clones);
  bound(pipeline.checkout_paths);
  bound(pipeline.images);
  return pipeline;
}

}  // namespace sluice::insight
