#include "gotool/package_files.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "codec/json.hpp"
#include "gotool/action_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_source_bytes_max = std::uint64_t{512} << 20U;
constexpr std::uint64_t k_embed_config_bytes_max = 64U << 20U;
constexpr std::size_t k_head_bytes = 64U << 10U;  // of a file, for its comments
constexpr std::size_t k_other_files_max = 4096;
constexpr std::size_t k_paired_tags_max = 12;
constexpr std::string_view k_line = "//line ";
constexpr std::string_view k_first_position = ":1:1";

enum class Kind { c, cxx, fortran, objective_c, header, assembly, syso, swig, swig_cxx };

struct Ending {
  std::string_view text;
  Kind kind;
};
// go/build, fileListForExt. ".S" and ".sx" are for cgo's C compiler alone.
constexpr auto k_endings = std::to_array<Ending>({
    {".c", Kind::c},         {".cc", Kind::cxx},        {".cpp", Kind::cxx},
    {".cxx", Kind::cxx},     {".m", Kind::objective_c}, {".h", Kind::header},
    {".hh", Kind::header},   {".hpp", Kind::header},    {".hxx", Kind::header},
    {".f", Kind::fortran},   {".F", Kind::fortran},     {".for", Kind::fortran},
    {".f90", Kind::fortran}, {".s", Kind::assembly},    {".S", Kind::assembly},
    {".sx", Kind::assembly}, {".swig", Kind::swig},     {".swigcxx", Kind::swig_cxx},
    {".syso", Kind::syso},
});

std::optional<Bytes> read(const sys::Path& path) {
  auto bytes = sys::read_file(path, k_source_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::move(**bytes);
}

std::string line_of(const std::string& name, const std::optional<Bytes>& content) {
  const std::string hash = content ? short_hash(sha256(*content)) : std::string();
  return "file " + name + " " + hash + "\n";
}

std::string head_of(const sys::Path& path) {
  const auto fd = sys::open_read(path);
  if (!fd) return {};
  Bytes head(k_head_bytes);
  const auto count = sys::read_at(fd->get(), head, 0);
  return count ? std::string(text_of(ByteView(head).first(*count))) : std::string();
}

bool is_test_name(std::string_view name) { return name.ends_with("_test.go"); }

// `//go:embed a "b c"`: its patterns.
void add_patterns(std::string_view text, std::set<std::string, std::less<>>& patterns) {
  constexpr std::string_view k_directive = "//go:embed";
  for (auto at = text.find(k_directive); at != std::string_view::npos;
       at = text.find(k_directive, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    std::string_view rest = text.substr(at + k_directive.size());
    rest = rest.substr(0, rest.find('\n'));
    while (!(rest = trim(rest)).empty()) {
      const char quote = rest.front();
      const bool is_quoted = quote == '"' || quote == '`';
      if (is_quoted) rest.remove_prefix(1);
      const auto end = is_quoted ? rest.find(quote) : rest.find_first_of(" \t");
      patterns.emplace(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
}

struct OtherFile {
  Kind kind;
  PackageFile file;
  std::string head;
};

// None, each by itself, all, and pairs of them.
std::vector<TagNames> tag_choices(const TagNames& unknown) {
  std::vector<TagNames> choices(1);
  for (const std::string& name : unknown) choices.push_back({name});
  if (unknown.size() > 1) choices.push_back(unknown);
  if (unknown.size() < 3 || unknown.size() > k_paired_tags_max) return choices;
  for (auto first = unknown.begin(); first != unknown.end(); ++first) {
    for (auto second = std::next(first); second != unknown.end(); ++second) {
      choices.push_back({*first, *second});
    }
  }
  return choices;
}

class Finder {
 public:
  Finder(const CompileCommand& command, std::string_view import_path, const BuildTags& tags)
      : command_(command), import_path_(import_path), tags_(tags) {}

  Result<PackageFiles> find() {
    for (const std::string& source : command_.sources) TRY(add_source(source));
    if (!command_.rewrites.empty() && is_trimmed()) {
      files_.directory = command_.rewrites.front().first;
    }
    if (files_.directory.empty()) files_.directory = command_.object_directory;
    files_.is_external_test = import_path_.ends_with("_test") &&
                              std::ranges::all_of(files_.go, [](const PackageFile& file) {
                                return is_test_name(file.name);
                              });
    read_go_files();
    const bool is_listed = import_path_ != "command-line-arguments" && !files_.is_external_test &&
                           files_.directory != command_.object_directory;
    if (is_listed) add_others();
    add_embedded();
    return std::move(files_);
  }

 private:
  bool is_trimmed() const {
    const std::string& to = command_.rewrites.front().second;
    return !to.empty() && to.front() != '/';
  }

  Result<void> add_source(const std::string& source) {
    const sys::Path path = source;
    const std::string name = path.filename().native();
    if (path.parent_path() != command_.object_directory) {
      const sys::Path nominal = without_overlay(source);
      if (files_.directory.empty() && !command_.is_below_work(path)) {
        files_.directory = nominal.parent_path();
      }
      files_.go.push_back({nominal.filename().native(), path});
      return {};
    }
    if (name.starts_with("_cgo_") || name == "_gomod_.go" || name == "covervars.go") return {};
    const bool is_cgo = name.ends_with(".cgo1.go");
    if (!is_cgo && !name.ends_with(".cover.go")) {
      files_.go.push_back({name, path});
      return {};
    }
    const sys::Path original = original_of(head_of(path), command_);
    if (original.empty()) {
      return fail(Code::unsupported, "compile: " + name + " does not say what it was made from");
    }
    if (files_.directory.empty()) files_.directory = original.parent_path();
    (is_cgo ? files_.cgo : files_.go).push_back({original.filename().native(), original});
    return {};
  }

  // With an overlay, -trimpath says whose place a file takes.
  sys::Path without_overlay(const std::string& source) const {
    for (const auto& [from, to] : command_.rewrites) {
      if (from == source && !to.empty()) return to;
    }
    return source;
  }

  // With an overlay that replaces one of them, go copies all files but Go's to the object
  // directory.
  sys::Path overlaid(sys::Path path) const {
    sys::Path copy = command_.object_directory / path.filename();
    const auto info = sys::stat_file(copy);
    return info && *info ? copy : path;
  }

  void read_go_files() {
    for (const auto* list : {&files_.go, &files_.cgo}) {
      for (const PackageFile& file : *list) {
        const auto content = read(file.path);
        files_.go_lines.push_back(line_of(file.name, content));
        if (!content) continue;
        const std::string_view text = text_of(*content);
        if (text.find("\"unsafe\"") != std::string_view::npos) files_.uses_unsafe = true;
        if (list == &files_.cgo) files_.cgo_texts.emplace_back(text);
        if (!command_.embed_config.empty()) {
          add_patterns(text, is_test_name(file.name) ? test_patterns_ : patterns_);
        }
      }
    }
  }

  // Headers may lie beside any package, the other kinds only where -complete is missing.
  void add_others() {
    std::vector<OtherFile> found = list_others();
    TagNames unknown;
    for (const OtherFile& file : found) text_is_taken(file.head, tags_, &unknown);
    for (const TagNames& names : tag_choices(unknown)) add_list(found, names);
  }

  std::vector<OtherFile> list_others() const {
    std::vector<OtherFile> found;
    (void)sys::list_directory(files_.directory, [&](std::string_view name) -> Result<void> {
      const auto dot = name.rfind('.');
      if (dot == std::string_view::npos || found.size() == k_other_files_max) return {};
      const auto ending = std::ranges::find(k_endings, name.substr(dot), &Ending::text);
      if (ending == k_endings.end() || !name_is_taken(name, tags_)) return {};
      if (command_.is_complete && ending->kind != Kind::header) return {};
      const bool is_for_cgo = ending->text == ".S" || ending->text == ".sx";
      if (is_for_cgo && files_.cgo.empty()) return {};
      const sys::Path path = overlaid(files_.directory / name);
      const auto info = sys::stat_file(path);
      if (!info || !*info || !(*info)->is_regular()) return {};
      std::string head = ending->kind == Kind::syso ? std::string() : head_of(path);
      found.push_back({ending->kind, {std::string(name), path}, std::move(head)});
      return {};
    });
    std::ranges::sort(found, [](const OtherFile& left, const OtherFile& right) {
      return std::tie(left.kind, left.file.name) < std::tie(right.kind, right.file.name);
    });
    return found;
  }

  // The list with these tags and no others.
  void add_list(const std::vector<OtherFile>& found, const TagNames& names) {
    BuildTags tags = tags_;
    tags.is_complete = true;
    tags.others.insert(names.begin(), names.end());
    PackageFileList list;
    std::set<Kind> kinds;
    for (const OtherFile& file : found) {
      if (text_is_taken(file.head, tags) == Taken::no) continue;
      kinds.insert(file.kind);
      list.push_back(file.file);
    }
    const auto same = [&list](const PackageFileList& other) {
      return std::ranges::equal(list, other, {}, &PackageFile::name, &PackageFile::name);
    };
    if (std::ranges::any_of(files_.others, same)) return;
    const auto note = [&](Taken& taken, bool is_there) {
      const Taken now = is_there ? Taken::yes : Taken::no;
      taken = files_.others.empty() || taken == now ? now : Taken::maybe;
    };
    note(files_.has_assembly, kinds.contains(Kind::assembly));
    note(files_.has_cxx, kinds.contains(Kind::cxx) || kinds.contains(Kind::swig_cxx));
    note(files_.has_fortran, kinds.contains(Kind::fortran));
    files_.has_objective_c |= kinds.contains(Kind::objective_c);
    files_.others.push_back(std::move(list));
  }

  void add_embedded() {
    if (command_.embed_config.empty()) return;
    const auto text = sys::read_file(command_.embed_config, k_embed_config_bytes_max);
    if (!text || !*text) return;
    const auto config = codec::parse_json(text_of(**text));
    if (!config) return;
    std::map<std::string, sys::Path, std::less<>> paths;
    const codec::Json* named = config->find("Files");
    if (named == nullptr || named->as_object() == nullptr) return;
    for (const auto& [name, path] : *named->as_object()) {
      if (path.as_string() != nullptr) paths[name] = *path.as_string();
    }
    for (const auto& [name, path] : paths) files_.embedded.push_back({name, path});
    const codec::Json* by_pattern = config->find("Patterns");
    if (test_patterns_.empty() || by_pattern == nullptr) return;
    for (const auto* patterns : {&patterns_, &test_patterns_}) {
      std::set<std::string> names;
      for (const std::string& pattern : *patterns) {
        const codec::Json* list = by_pattern->find(pattern);
        if (list == nullptr || list->as_array() == nullptr) continue;
        for (const codec::Json& name : *list->as_array()) {
          if (name.as_string() != nullptr) names.insert(*name.as_string());
        }
      }
      for (const std::string& name : names) {
        files_.embedded_otherwise.push_back({name, paths[name]});
      }
    }
  }

  const CompileCommand& command_;
  std::string_view import_path_;
  const BuildTags& tags_;
  PackageFiles files_;
  std::set<std::string, std::less<>> patterns_;
  std::set<std::string, std::less<>> test_patterns_;
};

}  // namespace

Result<PackageFiles> find_package_files(const CompileCommand& command, std::string_view import_path,
                                        const BuildTags& tags) {
  return Finder(command, import_path, tags).find();
}

std::string line_of_file(const PackageFile& file) { return line_of(file.name, read(file.path)); }

sys::Path original_of(std::string_view text, const CompileCommand& command) {
  sys::Path below_work;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(k_line) || !line.ends_with(k_first_position)) continue;
    const std::size_t length = line.size() - k_line.size() - k_first_position.size();
    sys::Path path = line.substr(k_line.size(), length);
    if (!path.is_absolute()) continue;
    if (!command.is_below_work(path)) return path;
    if (below_work.empty()) below_work = std::move(path);
  }
  return below_work;
}

}  // namespace sluice::gotool
