#include "gotool/test_packages.hpp"

#include "base/strings.hpp"
#include "codec/json.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_fields = "-json=ImportPath,Dir,Root,TestGoFiles,XTestGoFiles,Error";

// "v2" and above, as the last element of a module's path.
bool is_version_element(std::string_view element) {
  if (element.size() < 2 || element[0] != 'v' || element[1] == '0' || element == "v1") return false;
  return std::ranges::all_of(element.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_any(const codec::Json& package, std::string_view field) {
  const codec::Json* found = package.find(field);
  const codec::JsonArray* list = found == nullptr ? nullptr : found->as_array();
  return list != nullptr && !list->empty();
}

Result<TestPackage> parse_one(std::string_view text) {
  auto package = codec::parse_json(text);
  if (!package) return std::unexpected(std::move(package).error().in("go list"));
  TestPackage one;
  one.import_path = package->text_or("ImportPath", "");
  if (one.import_path.empty()) return fail(Code::corrupt, "go list: a package without a path");
  one.directory = package->text_or("Dir", "");
  one.root = package->text_or("Root", "");
  one.has_tests = has_any(*package, "TestGoFiles") || has_any(*package, "XTestGoFiles");
  if (const codec::Json* error = package->find("Error")) {
    one.error = error->text_or("Err", "cannot be loaded");
  }
  return one;
}

}  // namespace

std::vector<std::string> list_words(const std::vector<std::string>& build,
                                    const std::vector<std::string>& packages) {
  std::vector<std::string> words = {"list", "-e", "-find", std::string(k_fields)};
  for (const std::string& flag : build) {
    if (!flag.starts_with("-vet=")) words.push_back(flag);  // go list does not have that one
  }
  words.emplace_back("--");
  words.insert(words.end(), packages.begin(), packages.end());
  return words;
}

Result<std::vector<TestPackage>> parse_test_packages(std::string_view listed) {
  // Objects one after the other, each with its last brace alone in a line.
  constexpr std::string_view k_end = "\n}\n";
  std::vector<TestPackage> packages;
  while (!trim(listed).empty()) {
    const std::size_t end = listed.find(k_end);
    if (end == std::string_view::npos) return fail(Code::corrupt, "go list: an answer cut short");
    TRY_ASSIGN(TestPackage one, parse_one(listed.substr(0, end + k_end.size())));
    packages.push_back(std::move(one));
    listed.remove_prefix(end + k_end.size());
  }
  return packages;
}

std::string test_binary_name(std::string_view import_path) {
  const auto last = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
  std::string_view element = last(import_path);
  if (element.size() < import_path.size() && is_version_element(element)) {
    element = last(import_path.substr(0, import_path.size() - element.size() - 1));
  }
  return std::string(element) + ".test";
}

std::vector<std::vector<std::size_t>> groups_of_distinct_names(
    const std::vector<TestPackage>& packages) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> uses;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (!packages[i].has_tests) continue;
    const std::size_t group = uses[test_binary_name(packages[i].import_path)]++;
    if (group == groups.size()) groups.emplace_back();
    groups[group].push_back(i);
  }
  return groups;
}

}  // namespace sluice::gotool
