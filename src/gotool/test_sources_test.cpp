#include "gotool/test_sources.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

using Words = std::vector<std::string>;

Words names_of(const TestSource& source) {
  Words names;
  for (const TestFunction& function : source.functions) names.push_back(function.name);
  return names;
}

TEST_CASE("test source: what is a test") {
  const TestSource source = read_test_source(
      "package p\n"
      "func TestA(t *testing.T) {}\r\n"
      "func Test(t *testing.T) {}\n"
      "func Test_a(t *testing.T) {}\n"
      "func Testify(t *testing.T) {}\n"
      "func TestMain(m *testing.M) {}\n"
      "func TestOf[T any](t *testing.T) {}\n"
      "func ExampleB() {}\n"
      "func FuzzC(f *testing.F) {}\n"
      "func BenchmarkD(b *testing.B) {}\n"
      "func (s suite) TestE(t *testing.T) {}\n"
      "\tfunc TestF(t *testing.T) {}\n"
      "func helper() {}\n"
      "func Test");
  CHECK(names_of(source) == Words{"TestA", "Test", "Test_a", "ExampleB", "FuzzC", "BenchmarkD"});
  CHECK(source.tags.empty());
  CHECK(source.has_main);
  CHECK_FALSE(read_test_source("package p\nfunc TestA(t *testing.T) {}\n").has_main);
}

TEST_CASE("test source: tags that it wants") {
  CHECK(read_test_source("//go:build integration && (linux || !windows) && go1.24\n\npackage p\n")
            .tags == Words{"integration", "linux", "go1.24"});
  CHECK(read_test_source("package p\n//go:build e2e\n").tags.empty());
}

TEST_CASE("test source: a class for the file, and for the test right below") {
  const TestSource source = read_test_source(
      "//sluice:class  e2e \n"
      "\n"
      "package p\n"
      "\n"
      "//sluice:class unit // for now\n"
      "// TestA is quick.\n"
      "func TestA(t *testing.T) {\n"
      "}\n"
      "func TestB(t *testing.T) {}\n"
      "//sluice:class unit\n"
      "\n"
      "func TestC(t *testing.T) {}\n");
  CHECK(source.wanted_class == "e2e");
  REQUIRE(names_of(source) == Words{"TestA", "TestB", "TestC"});
  CHECK(source.functions[0].wanted_class == "unit");
  CHECK(source.functions[1].wanted_class.empty());
  CHECK(source.functions[2].wanted_class.empty());
}

}  // namespace
}  // namespace sluice::gotool
