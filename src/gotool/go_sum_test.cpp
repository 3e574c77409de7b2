#include "gotool/go_sum.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sluice;
using namespace sluice::gotool;

namespace {

// What go 1.26 wrote for a module of these four files.
constexpr std::string_view k_tree_sum = "h1:E99JrYj3+soagSEQ4Kd3e89ZxiTH52SeiygWBqLx0ro=";
constexpr std::string_view k_go_mod = "module example.com/m\n\ngo 1.24\n";
constexpr std::string_view k_go_mod_sum = "h1:E8oc8MKdE+7TDsFqVx2ZAnLCM2/vgg5FGmhZDhMDHRk=";
const ModuleVersion k_module{"example.com/m", "v1.0.0"};

}  // namespace

TEST_CASE("sums are those of go") {
  TreeSum sum(k_module);
  sum.add("m.go", sha256(bytes_of("package m\n")));
  sum.add("go.mod", sha256(bytes_of(k_go_mod)));
  sum.add("a/b.txt", sha256(bytes_of("b\n")));
  sum.add("Z.txt", sha256({}));
  CHECK(sum.finish() == k_tree_sum);
  CHECK(go_mod_sum(bytes_of(k_go_mod)) == k_go_mod_sum);
  sum.add("Z.txt", sha256(bytes_of("z")));
  CHECK(sum.finish() != k_tree_sum);
}

TEST_CASE("a go.sum") {
  GoSum sums;
  const std::string text = "example.com/m v1.0.0 " + std::string(k_tree_sum) +
                           "\r\nexample.com/m v1.0.0/go.mod " + std::string(k_go_mod_sum) +
                           "\n\nexample.com/m v1.1.0/go.mod " + std::string(k_go_mod_sum) +
                           "\nexample.com/m v1.2.0 h2:later\n";
  REQUIRE(add_go_sum(text, "go.sum", sums));
  CHECK(sums.size() == 2);
  CHECK(sums.at(k_module).tree == k_tree_sum);
  CHECK(sums.at(k_module).go_mod == k_go_mod_sum);
  CHECK(sums.at({"example.com/m", "v1.1.0"}).tree.empty());
  REQUIRE(add_go_sum(text, "go.work.sum", sums));
  CHECK(sums.size() == 2);
}

TEST_CASE("a go.sum that is none is refused with its line") {
  const std::string sum(k_tree_sum);
  for (const std::string& line :
       {std::string("example.com/m v1.0.0"), "example.com/m v1.0.0 " + sum + " more",
        std::string("example.com/m v1.0.0 h1:short"), "example.com/../m v1.0.0 " + sum,
        "example.com/m latest " + sum, "example.com/n v1.0.0 " + std::string(k_go_mod_sum)}) {
    GoSum sums;
    const auto read = add_go_sum("example.com/n v1.0.0 " + sum + "\n" + line, "go.sum", sums);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Code::invalid);
    CHECK(read.error().message.starts_with("go.sum:2: "));
  }
}
