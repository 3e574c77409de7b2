#include "gotool/modules.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sluice;
using namespace sluice::gotool;

TEST_CASE("the module path of a go.mod") {
  CHECK(module_path_of("module example.org/m\n\ngo 1.24\n") == "example.org/m");
  CHECK(module_path_of("// about\nmodule \"example.org/m\" // here\n") == "example.org/m");
  CHECK(module_path_of("module `example.org/m`\n") == "example.org/m");
  CHECK(module_path_of("module (\n\texample.org/m\n)\n") == "example.org/m");
  CHECK(module_path_of("modules example.org/m\n").empty());
  CHECK(module_path_of("go 1.24\n").empty());
  CHECK(module_path_of("module " + std::string(300, 'x') + "\n").empty());
}

TEST_CASE("the go directive of a go.mod") {
  CHECK(go_version_of("module example.org/m\n\ngo 1.24.1 // since\n\ntoolchain go1.25\n") ==
        "1.24.1");
  CHECK(go_version_of("go (\n\t1.21\n)\n") == "1.21");
  CHECK(go_version_of("module example.org/m\n\ngodebug default=go1.21\n").empty());
}

TEST_CASE("the main module is the one of the nearest go.mod") {
  const auto directory = temp_directory();
  const sys::Path root = directory.path() / "m";
  write_old(root / "go.mod", "module example.org/m\n");
  write_old(root / "a/b/b.go", "package b\n");
  write_old(root / "c/go.mod", "module example.org/m/c\n");
  write_old(root / "c/d/d.go", "package d\n");
  sys::Environment env;
  env.set("HOME", directory.path().native());

  auto modules = main_modules(env, root / "a/b");
  REQUIRE(modules.size() == 1);
  CHECK(modules[0].path == "example.org/m");
  CHECK(modules[0].root == root);
  const auto place = place_of_package("example.org/m/a/b", modules, {});
  REQUIRE(place);
  CHECK(place->directory == root / "a/b");
  CHECK(place->root == root);
  CHECK(place_of_package("example.org/m", modules, {})->directory == root);
  CHECK_FALSE(place_of_package("example.org/m/absent", modules, {}));
  CHECK_FALSE(place_of_package("example.org/mm", modules, {}));
  CHECK_FALSE(place_of_package("", modules, root));
  for (const char* path :
       {"example.org/m/../m", "example.org/m/", "example.org/m//a", "/a", ".."}) {
    CHECK_FALSE(place_of_package(path, modules, root));
  }

  modules = main_modules(env, root / "c/d");
  REQUIRE(modules.size() == 1);
  CHECK(modules[0].path == "example.org/m/c");
}

TEST_CASE("a workspace has several, and the longest path is the package's") {
  const auto directory = temp_directory();
  const sys::Path root = directory.path() / "w";
  write_old(root / "go.work",
            "go 1.24\n\nuse (\n\t./a // first\n\t\"./a/b\"\n)\nuse ../outside/\n");
  write_old(root / "a/go.mod", "module example.org/a\n");
  write_old(root / "a/b/go.mod", "module example.org/a/b\n");
  write_old(root / "a/b/c/c.go", "package c\n");
  write_old(directory.path() / "outside/go.mod", "module example.org/outside\n");
  sys::Environment env;
  env.set("HOME", directory.path().native());

  const auto modules = main_modules(env, root / "a/b/c");
  REQUIRE(modules.size() == 3);
  CHECK(modules[2].root == directory.path() / "outside");
  const auto place = place_of_package("example.org/a/b/c", modules, {});
  REQUIRE(place);
  CHECK(place->directory == root / "a/b/c");
  CHECK(place->root == root / "a/b");

  env.set("GOWORK", "off");
  CHECK(main_modules(env, root / "a").size() == 1);
  env.set("GOWORK", (root / "go.work").native());
  CHECK(main_modules(env, directory.path()).size() == 3);
  env.set("GOWORK", (root / "absent").native());
  CHECK(main_modules(env, root / "a").empty());
}

TEST_CASE("a package of no module is looked for in GOROOT") {
  const auto directory = temp_directory();
  write_old(directory.path() / "src/net/http/http.go", "package http\n");
  const auto place = place_of_package("net/http", {}, directory.path());
  REQUIRE(place);
  CHECK(place->directory == directory.path() / "src/net/http");
  CHECK(place->root == directory.path());
  CHECK_FALSE(place_of_package("net/absent", {}, directory.path()));
}
