#include "insight/ci_jenkins.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::insight {
namespace {

TEST_CASE("sh steps with their variables") {
  const Pipeline pipeline = read_jenkins(
      "#!/usr/bin/env groovy\n"                                     // 1
      "pipeline {\n"                                                // 2
      "  agent { docker { image 'golang:1.25' } }\n"                // 3
      "  environment {\n"                                           // 4
      "    GOFLAGS = '-race'\n"                                     // 5
      "    TOKEN = credentials('x')\n"                              // 6
      "  }\n"                                                       // 7
      "  stages {\n"                                                // 8
      "    stage('Test') {\n"                                       // 9
      "      environment { CGO_ENABLED = \"0\" }\n"                 // 10
      "      steps {\n"                                             // 11
      "        // sh 'go build -a'\n"                               // 12
      "        sh 'go vet ./...'\n"                                 // 13
      "        sh '''\n"                                            // 14
      "          go test ./...\n"                                   // 15
      "        '''\n"                                               // 16
      "        sh(script: \"go list ${X}\", returnStdout: true)\n"  // 17
      "        sh label: 'build it', script: 'go build ./...'\n"    // 18
      "        withEnv(['A=b', \"C=d\"]) {\n"                       // 19
      "          sh \"\"\"go env\"\"\"\n"                           // 20
      "        }\n"
      "      }\n"
      "    }\n"
      "    stage('Deploy') { steps { ws(\"x-${BUILD_NUMBER}\") { sh 'true' } } }\n"  // 24
      "  }\n"
      "}\n",
      "Jenkinsfile");
  REQUIRE(pipeline.steps.size() == 6);
  const auto& steps = pipeline.steps;
  CHECK(steps[0].script == "go vet ./...");
  CHECK(steps[0].line == 13);
  CHECK(steps[0].job == "Test");
  CHECK(find_variable(steps[0].environment, "GOFLAGS")->value == "-race");
  CHECK(find_variable(steps[0].environment, "GOFLAGS")->line == 5);
  CHECK(find_variable(steps[0].environment, "CGO_ENABLED")->value == "0");
  CHECK(steps[1].counts_lines);
  CHECK(steps[1].line == 14);
  CHECK(steps[2].script == "go list ${X}");
  CHECK(steps[3].script == "go build ./...");
  CHECK(find_variable(steps[4].environment, "C")->value == "d");
  CHECK(steps[5].job == "Deploy");
  CHECK(find_variable(steps[5].environment, "A") == nullptr);
  CHECK(find_variable(steps[5].environment, "CGO_ENABLED") == nullptr);
  CHECK(find_variable(steps[5].environment, "GOFLAGS") != nullptr);
  CHECK(pipeline.images.at(0).text == "golang:1.25");
  CHECK(pipeline.checkout_paths.at(0).line == 24);
}

TEST_CASE("escapes, and a shallow clone") {
  const Pipeline pipeline = read_jenkins(
      "sh 'echo \\'a\\' \\\\ \\$X'\n"
      "checkout([extensions: [cloneOption(shallow: true, depth: 3)]])\n",
      "J");
  REQUIRE(pipeline.steps.size() == 1);
  CHECK(pipeline.steps[0].script == "echo 'a' \\ $X");
  REQUIRE(pipeline.clones.size() == 1);
  CHECK(pipeline.clones[0].depth == 3);
}

TEST_CASE("no text breaks it") {
  for (const char* text :
       {"", "sh", "sh(", "sh '", "sh '''", "}}}", "{{{", "environment { A =", "/*"}) {
    INFO(text);
    CHECK(read_jenkins(text, "J").steps.size() <= 1);
  }
  CHECK(rc::check([] {
    const std::string letters = "sh ={}()[]'\"\\\n/*:,;A";
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(letters));
    static_cast<void>(read_jenkins(text, "J"));
  }));
}

}  // namespace
}  // namespace sluice::insight
