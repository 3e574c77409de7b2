#include "gotool/testlog.hpp"

#include "base/strings.hpp"
#include "gotool/ways.hpp"

#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_magic = "# test log\n";

constexpr std::array<std::pair<std::string_view, TestOp>, 4> k_ops = {{
    {"getenv", TestOp::getenv},
    {"chdir", TestOp::chdir},
    {"stat", TestOp::stat},
    {"open", TestOp::open},
}};

std::optional<TestOp> op_of(std::string_view word) {
  for (const auto& [name, op] : k_ops) {
    if (name == word) return op;
  }
  return std::nullopt;
}

// path/filepath.Clean of an absolute path.
std::string clean(std::string_view path) {
  std::string normal = sys::Path(path).lexically_normal().native();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

// inDirLex of cmd/go/internal/search: both clean.
std::optional<std::string> below(const std::string& path, const std::string& directory) {
  if (path == directory) return ".";
  const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

// search.InDir of go, for many paths: below the directory, in words or through symbolic links.
class Directory {
 public:
  explicit Directory(std::string path) : path_(std::move(path)) {}

  std::optional<std::string> name_of(const std::string& path) {
    if (auto name = below(path, path_)) return name;
    const auto real_path = without_links(path);
    if (real_path) {
      if (auto name = below(*real_path, path_)) return name;
    }
    const auto real_directory = without_links(path_);
    if (!real_directory) return std::nullopt;
    if (auto name = below(path, *real_directory)) return name;
    return real_path ? below(*real_path, *real_directory) : std::nullopt;
  }

 private:
  // filepath.EvalSymlinks; nothing where it fails or changes nothing.
  std::optional<std::string> without_links(const std::string& path) {
    std::string real = ways_.follow(path);
    if (real.empty() || real == path) return std::nullopt;
    return real;
  }

  const std::string path_;
  Ways ways_;
};

}  // namespace

std::string_view name_of(TestOp op) { return k_ops.at(static_cast<std::size_t>(op)).first; }

std::optional<std::vector<TestInput>> test_inputs(ByteView log, const PackagePlace& place) {
  std::string_view text = text_of(log);
  if (!text.starts_with(k_magic) || !text.ends_with('\n')) return std::nullopt;
  text.remove_prefix(k_magic.size());
  Directory root(clean(place.root.native()));
  std::string directory = place.directory.native();
  std::vector<TestInput> inputs;
  std::unordered_map<std::string, std::optional<std::string>> names;  // tests ask again and again
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto op = op_of(line.substr(0, blank));
    if (!op) return std::nullopt;
    std::string path(line.substr(blank + 1));
    if (*op == TestOp::getenv) {
      inputs.push_back({*op, path, path});
      continue;
    }
    if (*op == TestOp::chdir) {
      directory = path;
    } else if (!path.starts_with('/')) {
      path = clean(directory + "/" + path);
    }
    const auto [name, is_new] = names.try_emplace(path);
    if (is_new) name->second = root.name_of(clean(path));
    if (!name->second && *op != TestOp::chdir) continue;
    inputs.push_back({*op, path, name->second.value_or(path)});
  }
  return inputs;
}

}  // namespace sluice::gotool
