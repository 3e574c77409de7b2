#include "gotool/build_list.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sluice;
using namespace sluice::gotool;

namespace {

constexpr std::string_view k_sum = "h1:E99JrYj3+soagSEQ4Kd3e89ZxiTH52SeiygWBqLx0ro=";

// "path version" of the trees, "path version/go.mod" of those of which only go.mod is needed.
std::vector<std::string> words_of(const std::vector<SummedModule>& needed) {
  std::vector<std::string> words;
  for (const SummedModule& one : needed) {
    const bool is_tree = one.is_tree();
    words.push_back(one.module.path + " " + one.module.version + (is_tree ? "" : "/go.mod"));
  }
  return words;
}

// Both sums of each "path version", one of each "path version/go.mod".
std::string sum_lines(const std::vector<std::string>& modules) {
  std::string text;
  for (const std::string& module : modules) {
    text += module + " " + std::string(k_sum) + "\n";
    if (!module.ends_with("/go.mod")) text += module + "/go.mod " + std::string(k_sum) + "\n";
  }
  return text;
}

ModuleFiles files_of(std::vector<std::string> go_mods, const std::vector<std::string>& sums) {
  ModuleFiles files;
  files.go_mods = std::move(go_mods);
  REQUIRE(add_go_sum(sum_lines(sums), "go.sum", files.sums));
  return files;
}

}  // namespace

TEST_CASE("what go.mod names and go.sum knows is needed, of the rest the go.mod") {
  const auto files =
      files_of({"module m\n\ngo 1.24\n\nrequire a.org/a v1.1.0\n\nrequire (\n"
                "\tb.org/b v1.0.0 // indirect\n\tc.org/c v1.0.0\n)\n"},
               {"a.org/a v1.0.0", "a.org/a v1.1.0", "b.org/b v1.0.0", "d.org/d v1.0.0/go.mod"});
  CHECK(words_of(needed_modules(files)) ==
        std::vector<std::string>{"a.org/a v1.0.0/go.mod", "a.org/a v1.1.0", "b.org/b v1.0.0",
                                 "d.org/d v1.0.0/go.mod"});
}

TEST_CASE("a replacement stands in a module's place, a directory needs nothing") {
  const auto files =
      files_of({"module m\n\ngo 1.24\n\nrequire (\n\ta.org/a v1.1.0\n"
                "\tb.org/b v1.0.0\n\tc.org/c v1.0.0\n)\n\nreplace (\n"
                "\ta.org/a => fork.org/a v1.1.1\n\tb.org/b v1.0.0 => ../b\n"
                "\tc.org/c v0.9.0 => ../c\n)\n"},
               {"a.org/a v1.1.0", "b.org/b v1.0.0", "c.org/c v1.0.0", "fork.org/a v1.1.1"});
  CHECK(words_of(needed_modules(files)) ==
        std::vector<std::string>{"a.org/a v1.1.0/go.mod", "b.org/b v1.0.0/go.mod", "c.org/c v1.0.0",
                                 "fork.org/a v1.1.1"});
}

TEST_CASE("where go.mod does not name all, the newest that go.sum knows is needed") {
  const std::vector<std::string> sums = {"a.org/a v1.9.0", "b.org/b v1.9.0", "b.org/b v1.10.0"};
  const std::vector<std::string> newest = {"a.org/a v1.9.0", "b.org/b v1.10.0",
                                           "b.org/b v1.9.0/go.mod"};
  CHECK(words_of(needed_modules(
            files_of({"module m\n\ngo 1.16\n\nrequire a.org/a v1.9.0\n"}, sums))) == newest);
  CHECK(words_of(needed_modules(files_of({"module m\n\nrequire a.org/a v1.9.0\n"}, sums))) ==
        newest);
  auto workspace = files_of({"module m\n\ngo 1.24\n\nrequire a.org/a v1.9.0\n"}, sums);
  workspace.go_work = "go 1.24\n\nuse ./m\n";
  CHECK(words_of(needed_modules(workspace)) == newest);
}

TEST_CASE("the build list around a directory") {
  const auto directory = temp_directory();
  const sys::Path root = directory.path() / "m";
  sys::Environment env;
  env.set("HOME", directory.path().native());
  write_old(root / "go.mod", "module m\n\ngo 1.24\n\nrequire a.org/a v1.0.0\n");
  write_old(root / "go.sum", sum_lines({"a.org/a v1.0.0"}));
  write_old(root / "p/p.go", "package p\n");
  auto needed = needed_modules(env, root / "p");
  REQUIRE(needed);
  CHECK(words_of(*needed) == std::vector<std::string>{"a.org/a v1.0.0"});

  SUBCASE("packages from vendor/") {
    write_old(root / "vendor/modules.txt", "# a.org/a v1.0.0\n");
    needed = needed_modules(env, root);
    REQUIRE(needed);
    CHECK(needed->empty());
    env.set("GOFLAGS", "-mod=mod -trimpath");
    CHECK(needed_modules(env, root)->size() == 1);
  }
  SUBCASE("another go.mod") {
    write_old(root / "tools/go.mod", "module m\n\ngo 1.24\n\nrequire t.org/t v1.0.0\n");
    write_old(root / "tools/go.sum", sum_lines({"t.org/t v1.0.0"}));
    env.set("GOFLAGS", "-modfile=../tools/go.mod");
    needed = needed_modules(env, root / "p");
    REQUIRE(needed);
    CHECK(words_of(*needed) == std::vector<std::string>{"t.org/t v1.0.0"});
  }
  SUBCASE("a workspace") {
    write_old(directory.path() / "go.work", "go 1.24\n\nuse ./m\n");
    write_old(directory.path() / "go.work.sum", sum_lines({"w.org/w v1.0.0"}));
    needed = needed_modules(env, root);
    REQUIRE(needed);
    CHECK(words_of(*needed) == std::vector<std::string>{"a.org/a v1.0.0", "w.org/w v1.0.0"});
    env.set("GOWORK", "off");
    CHECK(needed_modules(env, root)->size() == 1);
  }
  SUBCASE("a go.sum that is none") {
    write_old(root / "go.sum", "a.org/a\n");
    needed = needed_modules(env, root);
    REQUIRE_FALSE(needed);
    CHECK(needed.error().code == Code::invalid);
  }
  SUBCASE("no module, no go.sum") {
    CHECK(needed_modules(env, directory.path())->empty());
    sys::remove_file(root / "go.sum").value();
    CHECK(needed_modules(env, root)->empty());
  }
}
