#include "gotool/checkout_tree.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::gotool;

namespace {

std::vector<std::string> packages_of(const CheckoutTree& tree) {
  std::vector<std::string> names;
  for (const PackageDirectory& one : tree.packages) {
    names.push_back(one.directory.native() + " of " + one.module.native());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("the packages of a checkout, with their modules") {
  const auto directory = temp_directory();
  const sys::Path root = directory.path() / "c";
  for (const char* file :
       {"go.mod", "a.go", "p/p.go", "p/q/q.go", "only/only_test.go", "p/testdata/t.go", "_x/x.go",
        ".h/h.go", "sub/go.mod", "sub/s.go", "sub/t/t.go", "vendor/v/v.go", "docs/readme.md",
        "mod/m@v1/m.go", ".git/x.go", "node_modules/n.go", "p/_ignored.go"}) {
    write_old(root / file, "package x\n");
  }
  const CheckoutTree tree = look_at_checkout(root, root / "mod", true);
  CHECK(tree.is_complete);
  CHECK_FALSE(tree.leaving_link);
  CHECK_FALSE(tree.rpath_file);
  CHECK(packages_of(tree) ==
        std::vector<std::string>{". of .", "p of .", "p/q of .", "sub of sub", "sub/t of sub"});
}

TEST_CASE("links that lead out") {
  const auto directory = temp_directory();
  const sys::Path root = directory.path() / "c";
  write_old(root / "a/b/x", "");
  write_old(directory.path() / "outside", "");
  REQUIRE(sys::ensure_symlink(root / "a/b/in", "../../a"));
  REQUIRE(sys::ensure_symlink(root / "a/b/absolute", "/etc"));
  CHECK_FALSE(look_at_checkout(root, {}, false).leaving_link);
  REQUIRE(sys::ensure_symlink(root / "a/b/out", "../../../outside"));
  CHECK(look_at_checkout(root, {}, false).leaving_link == "a/b/out");
}

TEST_CASE("an rpath of ${SRCDIR}") {
  CHECK(makes_rpath_of_srcdir("// #cgo LDFLAGS: -L${SRCDIR} -Wl,-rpath,${SRCDIR}/lib\n"));
  CHECK(makes_rpath_of_srcdir("/*\n#cgo CFLAGS: -O2\n#cgo linux LDFLAGS: -Wl,-rpath=$SRCDIR\n*/"));
  CHECK_FALSE(makes_rpath_of_srcdir("// #cgo LDFLAGS: -L${SRCDIR}/lib\n// rpath\n"));
  CHECK_FALSE(makes_rpath_of_srcdir("// #cgo LDFLAGS: -Wl,-rpath,/opt/lib\n"));
  const auto directory = temp_directory();
  write_old(directory.path() / "p/c.go", "// #cgo LDFLAGS: -Wl,-rpath,${SRCDIR}\n");
  CHECK(look_at_checkout(directory.path(), {}, true).rpath_file == "p/c.go");
  CHECK_FALSE(look_at_checkout(directory.path(), {}, false).rpath_file);
}

TEST_CASE("a pipe is not waited for") {
  const auto directory = temp_directory();
  write_old(directory.path() / "p/p.go", "package p\n");
  REQUIRE(::mkfifo((directory.path() / "p/q.go").c_str(), 0600) == 0);
  REQUIRE(sys::ensure_symlink(directory.path() / "p/gone.go", "nothing-here"));
  const CheckoutTree tree = look_at_checkout(directory.path(), {}, true);
  CHECK(tree.is_complete);
  CHECK(tree.packages.size() == 1);
}

TEST_CASE("what cannot be read is told") {
  CHECK_FALSE(look_at_checkout("/no/such/directory", {}, false).is_complete);
}
