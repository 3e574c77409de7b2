#include "gotool/same_path.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::gotool;

namespace {

using Words = std::vector<std::string>;

SamePathCommand command_of(Words words, SamePathUse use = SamePathUse::passing) {
  SamePathCommand command;
  command.use = use;
  command.words = std::move(words);
  command.started_in = "/ci/shop/cmd";
  command.checkout = "/ci/shop";
  command.module_cache = "/home/u/go/pkg/mod";
  command.goroot = "/usr/local/go";
  command.root = k_same_path_root;
  command.covered = "/srv";
  return command;
}

std::string why(const SamePathCommand& command) {
  return why_not_by_command(command).value_or("shown");
}
std::string why(Words words, SamePathUse use = SamePathUse::passing) {
  return why(command_of(std::move(words), use));
}
std::string why_with(std::string name, std::string value) {
  SamePathCommand command = command_of({"test", "./..."});
  command.settings.emplace(std::move(name), std::move(value));
  return why(command);
}

SamePathFiles files_of(std::string go_mod) {
  SamePathFiles files;
  files.modules = {{"/ci/shop/go.mod", std::move(go_mod)}};
  files.tree.packages = {{".", "."}, {"cmd", "."}, {"cmd/shop", "."}, {"sub", "sub"}};
  return files;
}

std::string why(const SamePathFiles& files, Words words = {"test", "./..."},
                SamePathUse use = SamePathUse::passing) {
  return why_not_by_files(command_of(std::move(words), use), files).value_or("shown");
}

}  // namespace

TEST_CASE("what nobody keeps is shown a constant path") {
  for (const Words& words : std::vector<Words>{
           {"test"},
           {"test", "./...", "-run", "X", "-v"},
           {"test", "-count=1", "-race", "-coverprofile=c.out", "./..."},
           {"test", "-coverprofile", "/tmp/c.out", "./..."},
           {"test", ".", "-args", "/ci/shop/testdata", "-exec=x"},
           {"vet", "./..."},
           {"build", "./..."},
           {"build", "-o", "/dev/null", "."},
           {"-C", "..", "test", "./..."},
           {"test", "example.org/shop/..."},
       }) {
    CHECK(why(words) == "shown");
  }
}

TEST_CASE("what somebody keeps is not, unless everything is") {
  for (const Words& words : std::vector<Words>{
           {"build"},
           {"build", "-o", "bin/shop", "./..."},
           {"build", "-buildmode=c-shared", "./..."},
           {"install", "./..."},
           {"test", "-c", "."},
           {"test", "-o=x.test", "."},
           {"test", "-cpuprofile", "cpu.out", "."},
           {"test", "-x", "."},
           {"test", "-trimpath", "."},
       }) {
    CHECK(why(words) != "shown");
    CHECK(why(words, SamePathUse::all) == "shown");
  }
  for (const char* other : {"run", "list", "generate", "tool", "env", "mod", "fix", ""}) {
    CHECK(why({other, "."}) != "shown");
    CHECK(why({other, "."}, SamePathUse::all) != "shown");
    CHECK_FALSE(takes_same_path({other, "."}));
  }
  CHECK(takes_same_path({"test"}));
}

TEST_CASE("words that name another place") {
  for (const auto use : {SamePathUse::passing, SamePathUse::all}) {
    CHECK(why({"test", "/ci/shop/p"}, use) == "/ci/shop/p is an absolute path");
    CHECK(why({"test", "-v", "/elsewhere"}, use) == "/elsewhere is an absolute path");
    CHECK(why({"test", "../../other"}, use) == "../../other lies outside of the checkout");
    CHECK(why({"test", "../sub"}, use) == "shown");
    CHECK(why({"-C", "/ci/shop", "test"}, use) == "-C leads out of the checkout");
    CHECK(why({"-C", "../..", "test"}, use) == "-C leads out of the checkout");
    CHECK(why({"test", "-overlay=o.json", "."}, use) == "-overlay names files by their paths");
    CHECK(why({"test", "-modfile=/ci/shop/x.mod", "."}, use) == "-modfile is an absolute path");
    CHECK(why({"test", "-modfile=../../x.mod", "."}, use) == "-modfile leads out of the checkout");
    CHECK(why({"test", "-modfile=../x.mod", "."}, use) == "shown");
    CHECK(why({"test", "-exec", "docker run x", "."}, use) == "-exec starts another program");
    CHECK(why({"vet", "-toolexec=time", "."}, use) == "-toolexec starts another program");
    CHECK(why({"test", "-coverprofile=../../c.out", "."}, use) ==
          "-coverprofile leads out of the checkout");
    CHECK(why({"test", "-coverprofile=/srv/c.out", "."}, use) == "-coverprofile writes into /srv");
    CHECK(why({"test", "-gcflags=-trimpath=/ci/shop", "."}, use) ==
          "-gcflags names the checkout or the module cache by its path");
    CHECK(why({"test", "-coverpkg", "/ci/shop/...", "."}, use) ==
          "-coverpkg names the checkout or the module cache by its path");
  }
  CHECK(why({"build", "-o", "/ci/shop/bin/x", "."}, SamePathUse::all) == "shown");
  CHECK(why({"build", "-o", "../../x", "."}, SamePathUse::all) == "-o leads out of the checkout");
  SamePathCommand command = command_of({"test", "."});
  command.goflags = {"-overlay=o.json"};
  CHECK(why(command) == "-overlay names files by their paths");
  command.goflags = {"-trimpath"};
  CHECK(why(command) == "with -trimpath Go's keys have no path in them");
  command.words = {"test", "-trimpath=false", "."};
  CHECK(why(command) == "shown");
}

TEST_CASE("settings that name another place") {
  CHECK(why_with("GOWORK", "/ci/go.work") == "GOWORK names a file");
  CHECK(why_with("GOWORK", "/ci/shop/go.work") == "GOWORK names a file");
  CHECK(why_with("GOWORK", "off") == "shown");
  CHECK(why_with("GO111MODULE", "off") == "GO111MODULE is off");
  CHECK(why_with("GO111MODULE", "on") == "shown");
  CHECK(why_with("CC", "docker run --rm gcc") == "CC starts docker");
  CHECK(why_with("CXX", "/usr/bin/podman run g++") == "CXX starts podman");
  CHECK(why_with("CC", "gcc") == "shown");
  CHECK(why_with("CC", "./tools/cc") == "CC names something in the checkout or the module cache");
  CHECK(why_with("CGO_CFLAGS", "-I/ci/shop/include") ==
        "CGO_CFLAGS names something in the checkout or the module cache");
}

TEST_CASE("places that lie in one another") {
  SamePathCommand command = command_of({"test", "."});
  command.started_in = "/elsewhere";
  CHECK(why(command) == "the command is started outside of the checkout");
  command = command_of({"test", "."});
  command.checkout = "";
  CHECK(why(command) == "there is no go.mod");
  command = command_of({"test", "."});
  command.checkout = "/srv/sluice/shop";
  command.started_in = command.checkout;
  CHECK(why(command) == "/srv/sluice/shop and /srv/sluice lie in one another");
  command.checkout = "/srv";
  command.started_in = command.checkout;
  CHECK(why(command) == "/srv and /srv/sluice lie in one another");
  command = command_of({"test", "."});
  command.checkout = "/srv/shop";  // beside: reachable all the same
  command.started_in = command.checkout;
  CHECK(why(command) == "shown");
  command.goroot = "/srv/shop";
  CHECK(why(command) == "the checkout lies in GOROOT");
  command = command_of({"test", "."});
  command.module_cache = "/ci/shop/.go/pkg/mod";  // as GitLab keeps it
  CHECK(why(command) == "shown");
}

TEST_CASE("modules that lie outside") {
  CHECK(why(files_of("module m\n")) == "shown");
  CHECK(why(SamePathFiles{}) == "there is no go.mod");
  CHECK(why(files_of("module m\nreplace a => ../a\n")) == "go.mod replaces a module by ../a");
  CHECK(why(files_of("module m\nreplace (\n\ta v1.0.0 => /abs/a\n)\n")) ==
        "go.mod replaces a module by /abs/a");
  CHECK(why(files_of("module m\nreplace a => \"../a\" // here\n")) ==
        "go.mod replaces a module by ../a");
  CHECK(why(files_of("module m\nreplace a => ./a\nreplace b => c v1.0.0\n")) == "shown");
  SamePathFiles files = files_of("module m\n");
  files.modules.push_back({"/ci/shop/go.work", "use ./sub\nuse .\n"});
  CHECK(why(files) == "shown");
  files.modules.back().text = "use (\n\t.\n\t../other\n)\n";
  CHECK(why(files) == "go.work uses ../other");
  files.modules.back().text = "use .\nreplace a => ../a\n";
  CHECK(why(files) == "go.work replaces a module by ../a");
  files.modules.back() = {"/ci/go.work", "use ./shop\n"};
  CHECK(why(files) == "/ci/go.work lies outside of the checkout");
}

TEST_CASE("tests that may start containers") {
  const std::string client = "module m\nrequire github.com/testcontainers/testcontainers-go v1\n";
  CHECK(why(files_of(client)).starts_with("tests may start containers"));
  CHECK(why(files_of("module m\nrequire (\n\tgithub.com/docker/docker v1 // indirect\n)\n")) ==
        "shown");
  CHECK(why(files_of("module m\nrequire (\n\tgithub.com/docker/docker v1\n)\n"))
            .starts_with("tests may start containers"));
  CHECK(why(files_of("module m\nrequire github.com/docker/dockerfile v1\n")) == "shown");
  CHECK(why(files_of(client), {"vet", "./..."}) == "shown");
  // Who says always knows what the tests do.
  CHECK(why(files_of(client), {"test", "./..."}, SamePathUse::all) == "shown");
}

TEST_CASE("what the checkout holds") {
  SamePathFiles files = files_of("module m\n");
  files.git_file = "gitdir: ../.git/modules/shop\n";
  CHECK(why(files) == "the checkout is a submodule");
  files.git_file = "gitdir: /ci/main/.git/worktrees/shop\n";
  CHECK(why(files) == "shown");
  files.git_file = "gitdir: /ci/main/.git/modules/shop\n";
  CHECK(why(files) == "the checkout is a submodule");
  files.git_file.reset();
  files.tree.leaving_link = "data";
  CHECK(why(files) == "data is a link that leads out of the checkout");
  files.tree.leaving_link.reset();
  files.tree.rpath_file = "p/c.go";
  CHECK(why(files) == "p/c.go makes an rpath of ${SRCDIR}");
  files.tree.rpath_file.reset();
  files.tree.is_complete = false;
  CHECK(why(files) == "there is more in the checkout than can be looked at");
}

TEST_CASE("go discards what it builds of several packages") {
  const SamePathFiles files = files_of("module m\n");
  const std::string kept = "a program that is built here is kept";
  CHECK(why(files, {"build", "./..."}) == "shown");  // cmd and cmd/shop
  CHECK(why(files, {"build", "./shop/..."}) == kept);
  CHECK(why(files, {"build", "./shop"}) == kept);
  CHECK(why(files, {"build", ".", "./shop"}) == "shown");
  CHECK(why(files, {"build", "../sub/..."}) == kept);
  CHECK(why(files, {"build", "../..."}) == "shown");
  CHECK(why(files, {"build", "m/..."}) == kept);
  CHECK(why(files, {"build", "-o", "/dev/null", "./shop"}) == "shown");
  CHECK(why(files, {"build", "./shop"}, SamePathUse::all) == "shown");
}

TEST_CASE("the whole checkout holds all that go and git look for") {
  const auto directory = temp_directory();
  const sys::Path root = directory.path();
  write_old(root / "a/b/c/go.mod", "module c\n");
  CHECK(whole_checkout(root / "a/b/c") == root / "a/b/c");
  write_old(root / "a/go.work", "use ./b/c\n");
  CHECK(whole_checkout(root / "a/b/c") == root / "a");
  REQUIRE(sys::make_directories(root / "a/b/.git"));
  CHECK(whole_checkout(root / "a/b/c") == root / "a");
  REQUIRE(sys::make_directories(root / ".git"));  // another one, above
  CHECK(whole_checkout(root / "a/b/c") == root / "a");
  CHECK(whole_checkout(root / "a") == root);
}

TEST_CASE("one path within another") {
  CHECK(lies_within("/a/b", "/a"));
  CHECK(lies_within("/a", "/a"));
  CHECK(lies_within("/a/b", "/a/"));
  CHECK_FALSE(lies_within("/ab", "/a"));
  CHECK_FALSE(lies_within("/a", "/a/b"));
  CHECK_FALSE(lies_within("/a", ""));
}
