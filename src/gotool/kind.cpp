#include "gotool/kind.hpp"

#include <string_view>

namespace sluice::gotool {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view k_index_magic = "go index v2\n";
constexpr std::size_t k_index_header = 12 + 4 + 4;  // magic, offset of the strings, package count
constexpr std::uint32_t k_files_max = 100'000;      // of one package; more is no index of Go's

// Bounds-checked reading of the index: a position outside is nothing.
class IndexReader {
 public:
  explicit IndexReader(ByteView body) : body_(body) {
    strings_at_ = number(k_index_magic.size()).value_or(0);
  }

  std::optional<std::uint32_t> number(std::size_t at) const {
    if (at + 4 > body_.size()) return std::nullopt;
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
      value |= std::to_integer<std::uint32_t>(body_[at + i]) << (8U * i);
    }
    return value;
  }

  // The string whose place in the string table is written at `at`.
  std::optional<std::string_view> text(std::size_t at) const {
    const auto offset = number(at);
    if (!offset) return std::nullopt;
    std::size_t place = std::size_t{strings_at_} + *offset;
    std::uint64_t length = 0;
    for (unsigned shift = 0; shift <= 28; shift += 7) {
      if (place >= body_.size()) return std::nullopt;
      const auto byte = std::to_integer<std::uint64_t>(body_[place++]);
      length |= (byte & 0x7fU) << shift;
      if (byte < 0x80) {
        if (length > body_.size() - place) return std::nullopt;
        return text_of(body_.subspan(place, static_cast<std::size_t>(length)));
      }
    }
    return std::nullopt;
  }

 private:
  ByteView body_;
  std::uint32_t strings_at_ = 0;
};

// The one package of an index.
struct Package {
  std::string_view directory;   // relative to the module's root
  std::string_view first_file;  // name without directory; empty when there is none
  std::string_view position;    // the first file name of a position; empty when there is none
};

// The file name of the first import, embed or directive of a source file that lies in a directory.
std::optional<std::string_view> first_position(const IndexReader& index, std::size_t at,
                                               std::string_view file) {
  // error, parseError, synopsis, name, pkgName, ignoreFile, binaryOnly, cgoDirectives,
  // goBuildConstraint; then the plus-build constraints.
  constexpr std::size_t k_fixed = 9 * 4;
  const auto constraints = index.number(at + k_fixed);
  if (!constraints) return std::nullopt;
  std::size_t list = at + k_fixed + 4 + std::size_t{*constraints} * 4;
  for (int lists = 0; lists < 3; ++lists) {  // imports, embeds, directives: all of one shape
    const auto count = index.number(list);
    if (!count) return std::nullopt;
    if (*count > 0) {
      const auto name = index.text(list + 4 + 4);
      // A //line comment may name any file: only the source file itself tells the directory.
      if (name && name->size() > file.size() + 1 && name->starts_with('/') &&
          name->ends_with(file) && (*name)[name->size() - file.size() - 1] == '/') {
        return name;
      }
    }
    list += 4 + std::size_t{*count} * 20;
  }
  return std::nullopt;
}

std::optional<Package> only_package(ByteView body) {
  if (!text_of(body).starts_with(k_index_magic)) return std::nullopt;
  const IndexReader index(body);
  if (index.number(k_index_magic.size() + 4) != 1U) return std::nullopt;
  const auto package_at = index.number(k_index_header + 4);
  if (!package_at) return std::nullopt;
  Package package;
  const auto directory = index.text(*package_at + std::size_t{4});
  const auto files = index.number(*package_at + std::size_t{8});
  if (!directory || !files || *files > k_files_max) return std::nullopt;
  package.directory = *directory;
  for (std::size_t i = 0; i < *files && package.position.empty(); ++i) {
    const auto file_at = index.number(*package_at + 12 + 4 * i);
    if (!file_at) return std::nullopt;
    const auto name = index.text(*file_at + std::size_t{12});
    if (!name) return std::nullopt;
    if (package.first_file.empty()) package.first_file = *name;
    if (const auto position = first_position(index, *file_at, *name)) package.position = *position;
  }
  return package;
}

bool lies_in(std::string_view directory, const std::string& root) {
  if (root.empty() || !directory.starts_with(root)) return false;
  return directory.size() == root.size() || directory[root.size()] == '/' || root.ends_with('/');
}

bool is_in_goroot(const Package& package, const sys::Path& goroot) {
  // Packages of GOROOT without a single import: their index has no absolute name in it.
  if (package.first_file.empty()) return false;
  for (const auto* root : {"src", "src/cmd"}) {
    const auto found = sys::stat_file(goroot / root / package.directory / package.first_file);
    if (found && *found) return true;
  }
  return false;
}

}  // namespace

BodyKind classify(ByteView first_bytes, ByteView last_bytes) {
  const std::string_view first = text_of(first_bytes);
  if (first.starts_with("!<arch>\n"sv)) return BodyKind::archive;
  if (first.starts_with("# test log\n"sv)) return BodyKind::test_log;
  if (first.starts_with("mode: set\n"sv) || first.starts_with("mode: count\n"sv) ||
      first.starts_with("mode: atomic\n"sv)) {
    return BodyKind::cover_profile;
  }
  if (first.starts_with(k_index_magic)) {
    const auto packages = IndexReader(first_bytes).number(k_index_magic.size() + 4);
    return packages == 1U ? BodyKind::package_index : BodyKind::module_index;
  }
  // Only passing tests are stored, and their output ends with the line "ok  \t<package>\t<time>\n".
  const std::string_view last = text_of(last_bytes);
  if (!last.ends_with('\n')) return BodyKind::other;
  if (last.starts_with("ok  \t"sv) || last.find("\nok  \t"sv) != std::string_view::npos) {
    return BodyKind::test_output;
  }
  return BodyKind::other;
}

std::optional<std::string> indexed_directory(ByteView whole_body) {
  const auto package = only_package(whole_body);
  if (!package || package->position.empty()) return std::nullopt;
  return std::string(package->position.substr(0, package->position.rfind('/')));
}

bool index_can_recur(ByteView body, const sys::Path& goroot, const sys::Path& gomodcache) {
  const auto package = only_package(body);
  if (!package) return true;  // several packages: a module; or no index at all
  const std::string root = goroot.lexically_normal().native();
  const std::string modules = gomodcache.lexically_normal().native();
  const bool goroot_is_extracted = lies_in(root, modules);
  if (package->position.empty()) return !goroot_is_extracted && is_in_goroot(*package, goroot);
  const auto directory = package->position.substr(0, package->position.rfind('/'));
  if (lies_in(directory, root)) return !goroot_is_extracted;
  // A module of one package: keyed by its directory in the module cache.
  return lies_in(directory, modules);
}

}  // namespace sluice::gotool
