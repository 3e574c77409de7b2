#include "codec/yaml.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::codec {
namespace {

YamlNode only(std::string_view text) {
  auto documents = parse_yaml(text, "ci.yml");
  REQUIRE_MESSAGE(documents.has_value(), (documents ? "" : documents.error().message));
  REQUIRE(documents->size() == 1);
  return std::move(documents->front());
}

TEST_CASE("a workflow, with the lines of what it says") {
  const YamlNode root = only(
      "on: push\n"                          // 1
      "env: {CGO_ENABLED: 0}\n"             // 2
      "jobs:\n"                             // 3
      "  test:\n"                           // 4
      "    steps:\n"                        // 5
      "      - uses: actions/go@v5\n"       // 6
      "      - run: |\n"                    // 7
      "          go vet ./...\n"            // 8
      "          go test ./...\n"           // 9
      "      - run: >-\n"                   // 10
      "          go build\n"                // 11
      "          ./...\n"                   // 12
      "      - run: 'go list'\n");          // 13
  CHECK(root.text_or("on", "") == "push");  // never a boolean
  REQUIRE(root.find("env") != nullptr);
  CHECK(root.find("env")->text_or("CGO_ENABLED", "") == "0");
  CHECK(root.members.at(1).key_line == 2);
  const YamlNode* steps = root.find("jobs")->find("test")->find("steps");
  REQUIRE(steps != nullptr);
  REQUIRE(steps->items.size() == 4);
  const YamlNode* block = steps->items[1].find("run");
  CHECK(block->text == "go vet ./...\ngo test ./...\n");
  CHECK(block->is_block);
  CHECK(block->line == 8);
  CHECK(steps->items[2].find("run")->text == "go build ./...");
  CHECK_FALSE(steps->items[2].find("run")->is_block);
  CHECK(steps->items[2].find("run")->line == 11);
  CHECK(steps->items[3].find("run")->line == 13);
  CHECK(root.find("nothing") == nullptr);
}

TEST_CASE("anchors are copied, merges are resolved, tags are kept") {
  const YamlNode root = only(
      ".go: &go\n"
      "  image: golang:1.25\n"
      "  variables: {GOFLAGS: -race}\n"
      "test:\n"
      "  <<: [*go, {stage: test, image: other}]\n"
      "  image: golang:1.26\n"
      "  script: !reference [.go, script]\n");
  const YamlNode* test = root.find("test");
  REQUIRE(test != nullptr);
  CHECK(test->text_or("image", "") == "golang:1.26");
  CHECK(test->text_or("stage", "") == "test");
  CHECK(test->find("variables")->text_or("GOFLAGS", "") == "-race");
  CHECK(test->find("script")->items.size() == 2);
  CHECK(test->find("script")->tag == "!reference");
  CHECK(test->tag.empty());
}

TEST_CASE("documents, and none") {
  CHECK(parse_yaml("a: 1\n---\nb: 2\n", "ci.yml")->size() == 2);
  CHECK(parse_yaml("", "ci.yml")->empty());
  CHECK(parse_yaml("# nothing\n", "ci.yml")->empty());
}

TEST_CASE("what is no YAML is refused with its line") {
  const auto tab = parse_yaml("a:\n\t- b\n", "ci.yml");
  REQUIRE_FALSE(tab.has_value());
  CHECK(tab.error().code == Code::invalid);
  CHECK(tab.error().message.starts_with("ci.yml:2: no YAML: "));
  for (const std::string text : {"a: [", "a: *b", "- a\nb: c\n", "\"open", "{a: b", "a: \xff"}) {
    INFO(text);
    const auto yaml = parse_yaml(text, "ci.yml");
    REQUIRE_FALSE(yaml.has_value());
    CHECK(yaml.error().code == Code::invalid);
    CHECK(yaml.error().message.starts_with("ci.yml:"));
  }
}

TEST_CASE("size, depth and what aliases make of it are bounded") {
  CHECK(parse_yaml(std::string(k_yaml_size_max + 1, 'a'), "ci.yml").error().code ==
        Code::exhausted);
  CHECK(parse_yaml(std::string(k_yaml_depth_max + 1, '['), "ci.yml").error().code ==
        Code::exhausted);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 9; ++level) {
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [";
    for (int i = 0; i < 10; ++i) bomb += "*a" + std::to_string(level - 1) + ", ";
    bomb += "x]\n";
  }
  CHECK(parse_yaml(bomb, "ci.yml").error().code == Code::exhausted);
  // Nested by aliases, and never deeper than the bound.
  std::string tower = "- &a0 [x]\n";
  for (std::size_t level = 1; level <= k_yaml_depth_max; ++level) {
    tower += "- &a" + std::to_string(level) + " [*a" + std::to_string(level - 1) + "]\n";
  }
  CHECK(parse_yaml(tower, "ci.yml").error().code == Code::exhausted);
}

TEST_CASE("any text gives a tree or one line") {
  CHECK(rc::check([](const std::string& text) {
    const auto yaml = parse_yaml(text, "ci.yml");
    RC_ASSERT((yaml || yaml.error().message.find('\n') == std::string::npos));
  }));
}

}  // namespace
}  // namespace sluice::codec
