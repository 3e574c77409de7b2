#include "cli/why.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

insight::Explanation an_explanation() {
  insight::Explanation explanation;
  explanation.job.id = 7;
  explanation.job.uid = "abc";
  journal::CommandRow command;
  command.words = {"go", "test", "./..."};
  command.go_version = "go1.27.4";
  command.duration_us = 2'000'000;
  explanation.commands = {command};
  insight::PackageWhy leaf;
  leaf.package = "example.org/m/leaf";
  leaf.root = leaf.package;
  leaf.causes = {{"file", "leaf.go changed"}};
  leaf.is_proven = true;
  leaf.cost_us = 120'000;
  insight::PackageWhy top = leaf;
  top.package = "example.org/m/top";
  top.through = {"example.org/m/mid", "example.org/m/leaf"};
  top.is_proven = false;
  insight::PackageWhy hit;
  hit.package = "fmt";
  hit.answer = journal::Answer::remote;
  explanation.packages = {leaf, top, hit};
  explanation.groups = {{leaf.package,
                         leaf.causes,
                         true,
                         insight::Against{6, "", 0},
                         {leaf.package, top.package},
                         240'000}};
  insight::TestWhy test;
  test.package = "example.org/m/leaf";
  test.causes = {{"test-input", "testdata/a changed"}};
  test.is_proven = true;
  insight::TestWhy cached;
  cached.package = "example.org/m/top";
  cached.answer = journal::Answer::reused;
  explanation.tests = {test, cached};
  insight::LinkWhy link;
  link.package = "example.org/m/cmd";
  link.link_us = 300'000;
  link.causes = {{"ld_flags", "-ldflags: not set -> -s"}};
  insight::LinkWhy compiled = link;
  compiled.package = "example.org/m/top";
  compiled.is_compiled = true;
  explanation.links = {link, compiled};
  return explanation;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("why: one cause with what it made go compile, and the tests that ran") {
  const std::string text = why_text(an_explanation());
  INFO(text);
  CHECK(text.starts_with("job 7: go test ./... (go1.27.4, "));
  CHECK(has(text,
            "programs linked, and not compiled\n"
            "example.org/m/cmd: linked (0.30 s): -ldflags: not set -> -s (not proven)\n"));
  CHECK_FALSE(has(text, "example.org/m/top: linked"));
  CHECK(has(text, "2 of 3 packages compiled (0.24 s of the compiler), 1 of 2 tests ran\n"));
  CHECK(has(text,
            "example.org/m/leaf: leaf.go changed\n    and because of it 1 more: "
            "example.org/m/top\n    compared with job 6, "));
  CHECK(has(text, "tests that ran\nexample.org/m/leaf: testdata/a changed\n"));
}

TEST_CASE("why: plain go tells of keys and of no packages") {
  insight::Explanation explanation = an_explanation();
  explanation.lookups = 9;
  explanation.missed = 4;
  CHECK_FALSE(has(why_text(explanation), "4 of 9"));
  explanation.packages.clear();
  explanation.tests.clear();
  CHECK(has(why_text(explanation), "4 of 9 lookups missed, and of which packages is not known"));
}

TEST_CASE("why: a package with its way to the cause") {
  const std::string text = why_packages_text(an_explanation());
  INFO(text);
  CHECK(has(text,
            "example.org/m/top: compiled (0.12 s): leaf.go changed (not proven)\n"
            "    in example.org/m/mid <- example.org/m/leaf\n"));
  CHECK(has(text, "fmt: there, from the store\n"));
  CHECK(has(text, "example.org/m/top: cached, by content\n"));
}

TEST_CASE("why: JSON has all of it") {
  const auto json = codec::parse_json(why_json(an_explanation()).dump());
  REQUIRE(json);
  CHECK(json->int_or("job", 0) == 7);
  CHECK(json->find("packages")->as_array()->size() == 3);
  const codec::Json& group = json->find("groups")->as_array()->front();
  CHECK(group.text_or("root", "") == "example.org/m/leaf");
  CHECK(group.find("causes")->as_array()->front().text_or("kind", "") == "file");
}

}  // namespace sluice::cli
