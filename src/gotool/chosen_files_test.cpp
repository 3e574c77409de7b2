#include "gotool/chosen_files.hpp"

#include "base/digest.hpp"
#include "gotool/action_text.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sluice;
using namespace sluice::gotool;

namespace {

constexpr std::string_view k_text =
    "compile\ngoos linux goarch amd64\ncompile compile version go1.27.4 [\"-race\"] []\n";

// A package's directory with one file in it.
class Package {
 public:
  Package(std::string name, std::string_view content)
      : directory_(std::move(*sys::TempDirectory::create("chosen"))), name_(std::move(name)) {
    REQUIRE(sys::write_file_atomic(directory_.path() / name_, bytes_of(content)));
    hash_ = short_hash(sha256(bytes_of(content)));
  }
  InputChange added() const { return {InputKind::file, name_, std::nullopt, hash_}; }
  InputChange removed() const { return {InputKind::file, name_, hash_, std::nullopt}; }
  std::vector<sys::Path> where() const { return {"/nowhere", directory_.path()}; }

 private:
  sys::TempDirectory directory_;
  std::string name_;
  std::string hash_;
};

FileChoice with(TagNames tags, std::optional<bool> cgo = std::nullopt) {
  return {k_text, std::move(tags), cgo};
}

}  // namespace

TEST_CASE("chosen files: a tag that holds now lets a file in, one that held let it") {
  const Package package("a.go", "//go:build extra && race && linux\n\npackage a\n");
  const auto where = package.where();
  CHECK(is_chosen(package.added(), with({}), with({"extra"}), where));
  CHECK(is_chosen(package.removed(), with({"extra", "b"}), with({"b"}), where));
  CHECK_FALSE(is_chosen(package.added(), with({"extra"}), with({"extra"}), where));
  CHECK_FALSE(is_chosen(package.added(), with({}), with({"other"}), where));
  CHECK_FALSE(is_chosen(package.removed(), with({}), with({"extra"}), where));
}

TEST_CASE("chosen files: what is another file now, or none, proves nothing") {
  const Package package("a.go", "//go:build extra\n\npackage a\n");
  auto change = package.added();
  change.after = "another";
  CHECK_FALSE(is_chosen(change, with({}), with({"extra"}), package.where()));
  change = package.added();
  change.name = "b.go";
  CHECK_FALSE(is_chosen(change, with({}), with({"extra"}), package.where()));
  change = package.added();
  change.name = "../" + package.where().back().filename().native() + "/a.go";
  CHECK_FALSE(is_chosen(change, with({}), with({"extra"}), package.where()));
  change = package.added();
  change.before = "edited";
  CHECK_FALSE(is_chosen(change, with({}), with({"extra"}), package.where()));
}

TEST_CASE("chosen files: cgo files, and those in their place") {
  const Package native("native.go", "package a\n\nimport \"C\"\n");
  CHECK(is_chosen(native.removed(), with({}, true), with({}, false), native.where()));
  CHECK_FALSE(is_chosen(native.removed(), with({}, true), with({}, true), native.where()));
  const Package plain("plain.go", "//go:build !cgo || extra\n\npackage a\n");
  CHECK(is_chosen(plain.added(), with({}, true), with({}, false), plain.where()));
  // Whether it was there without the tag is not known where cgo is not.
  CHECK_FALSE(is_chosen(plain.added(), with({}), with({"extra"}), plain.where()));
  CHECK(is_chosen(plain.added(), with({}, true), with({"extra"}, true), plain.where()));
}
