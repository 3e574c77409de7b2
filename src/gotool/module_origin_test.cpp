#include "gotool/module_origin.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace sluice;
using namespace sluice::gotool;

namespace {

struct Machine {
  sys::TempDirectory root = temp_directory();
  sys::Environment env;
  CompileCommand command;

  Machine() {
    env.set("HOME", root.path().native());
    command.object_directory = root.path() / "work/b001";
    command.language = "1.24";
  }
  ModuleOrigin find(std::string_view package, const sys::Path& directory) const {
    return find_module_origin(command, package, root.path() / directory, env, root.path() / "m");
  }
};

}  // namespace

TEST_CASE("the nearest go.mod has the directive") {
  Machine machine;
  write_old(machine.root.path() / "m/go.mod", "module example.org/m\n\ngo 1.24.2\n");
  const ModuleOrigin origin = machine.find("example.org/m/a/b", "m/a/b");
  CHECK(origin.go_versions.front() == "1.24.2");
  CHECK(origin.modules.front() == "example.org/m@");
  // -lang does not agree: the directive was another file's.
  machine.command.language = "1.25";
  CHECK(machine.find("example.org/m/a/b", "m/a/b").go_versions.front() == "1.25");
}

TEST_CASE("a module of the module cache") {
  Machine machine;
  machine.command.rewrites = {{"/cache/x.org/y@v1.2.3/z", "x.org/y@v1.2.3/z"}};
  machine.command.language = "1.16";
  write_old(machine.root.path() / "go.mod", "module above\n\ngo 1.24\n");
  write_old(machine.root.path() / "cache/x.org/y@v1.2.3/z/z.go", "package z\n");
  ModuleOrigin origin = machine.find("x.org/y/z", "cache/x.org/y@v1.2.3/z");
  CHECK(origin.go_versions.front() == "");
  CHECK(origin.modules.front() == "x.org/y@v1.2.3");
  write_old(machine.root.path() / "cache/x.org/y@v1.2.3/go.mod", "module x.org/y\n\ngo 1.16\n");
  origin = machine.find("x.org/y/z", "cache/x.org/y@v1.2.3/z");
  CHECK(origin.go_versions.front() == "1.16");
}

TEST_CASE("the standard library, the main package of a test, a file alone") {
  Machine machine;
  machine.command.is_standard = true;
  CHECK(machine.find("fmt", "goroot/src/fmt").go_versions.front() == std::nullopt);
  machine.command.is_standard = false;
  write_old(machine.root.path() / "m/go.mod", "module example.org/m\n\ngo 1.24\n");
  CHECK(machine.find("example.org/m.test", "work/b001").go_versions.front() == "1.24");
  CHECK(machine.find("example.org/m/a.test", "work/b001").modules.front() == "example.org/m@");
  CHECK(machine.find("command-line-arguments", "m").go_versions.front() == std::nullopt);
  CHECK(machine.find("command-line-arguments", "m").modules.front() == std::nullopt);
}

TEST_CASE("vendored packages") {
  constexpr std::string_view k_list =
      "# a.org/x v1.0.0\n## explicit; go 1.17\na.org/x\na.org/x/y\n# b.org/z v0.1.0\n## "
      "explicit\nb.org/z\n# c.org/w v1.0.0 => ../w\n## go 1.20\nc.org/w\n";
  CHECK(go_version_in_vendor(k_list, "a.org/x/y") == "1.17");
  CHECK(go_version_in_vendor(k_list, "b.org/z") == "");
  CHECK(go_version_in_vendor(k_list, "c.org/w") == "1.20");
  CHECK_FALSE(go_version_in_vendor(k_list, "a.org"));
  Machine machine;
  machine.command.language = "1.17";
  write_old(machine.root.path() / "m/go.mod", "module example.org/m\n\ngo 1.24\n");
  write_old(machine.root.path() / "m/vendor/modules.txt", k_list);
  CHECK(machine.find("a.org/x/y", "m/vendor/a.org/x/y").go_versions.front() == "1.17");
}
