#include "gotool/test_packages.hpp"

#include "base/strings.hpp"
#include "codec/json.hpp"

#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_fields =
    "-json=ImportPath,Dir,Root,Error,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,"
    "IgnoredOtherFiles,CFiles,HFiles,SFiles";

bool has_any(const codec::Json& package, std::string_view field) {
  const codec::Json* found = package.find(field);
  const codec::JsonArray* list = found == nullptr ? nullptr : found->as_array();
  return list != nullptr && !list->empty();
}

Result<TestPackage> parse_one(std::string_view text) {
  auto package = codec::parse_json(text);
  if (!package) return std::unexpected(std::move(package).error().in("go list"));
  const codec::JsonObject* fields = package->as_object();
  if (fields == nullptr) return fail(Code::corrupt, "go list: no package");
  TestPackage one;
  one.import_path = package->text_or("ImportPath", "");
  if (one.import_path.empty()) return fail(Code::corrupt, "go list: a package without a path");
  one.directory = package->text_or("Dir", "");
  one.root = package->text_or("Root", "");
  one.is_broken = package->find("Error") != nullptr;
  const bool has_inner_tests = has_any(*package, "TestGoFiles");
  const bool has_outer_tests = has_any(*package, "XTestGoFiles");
  one.has_tests = has_inner_tests || has_outer_tests;
  one.is_vetted_inside =
      has_inner_tests || has_any(*package, "GoFiles") || has_any(*package, "CgoFiles");
  one.is_vetted_outside = has_outer_tests;
  for (const auto& [field, value] : *fields) {
    if (!field.ends_with("Files") || value.as_array() == nullptr) continue;
    const bool is_of_tests = field == "TestGoFiles" || field == "XTestGoFiles";
    for (const codec::Json& name : *value.as_array()) {
      if (name.as_string() == nullptr) continue;
      one.files.push_back(*name.as_string());
      if (is_of_tests) one.test_files.push_back(*name.as_string());
    }
  }
  return one;
}

}  // namespace

std::vector<std::string> list_words(const std::vector<std::string>& build,
                                    const std::vector<std::string>& packages) {
  std::vector<std::string> words = {"list", "-e", "-find", std::string(k_fields)};
  for (const std::string& flag : build) {
    const bool is_for_list = !flag.starts_with("-vet=") && !flag.starts_with("-cover");
    if (is_for_list) words.push_back(flag);
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

}  // namespace sluice::gotool
