#include "insight/ci_files.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

TEST_CASE("what describes a pipeline") {
  CHECK(file_kind_of(".github/workflows/ci.yaml", "") == FileKind::github);
  CHECK(file_kind_of(".github/actions/go/action.yml", "") == FileKind::github);
  CHECK(file_kind_of(".gitlab-ci.yml", "") == FileKind::gitlab);
  CHECK(file_kind_of(".gitlab/ci/go.yml", "") == FileKind::gitlab);
  CHECK(file_kind_of("Jenkinsfile.release", "") == FileKind::jenkins);
  CHECK(file_kind_of("GNUmakefile", "") == FileKind::makefile);
  CHECK(file_kind_of("go.mk", "") == FileKind::makefile);
  CHECK(file_kind_of("hack/test.sh", "") == FileKind::script);
  CHECK(file_kind_of(".ci/run", "#!/usr/bin/env bash\n") == FileKind::script);
  CHECK(file_kind_of(".ci/run", "#!/bin/sh -e\n") == FileKind::script);
  CHECK(file_kind_of(".ci/run", "#!/usr/bin/env python3\n") == std::nullopt);
  CHECK(file_kind_of("main.go", "package main\n") == std::nullopt);
  CHECK(file_kind_of(".github/dependabot.yml", "") == std::nullopt);
}

TEST_CASE("any of them is read") {
  CHECK(read_pipeline(FileKind::script, "go vet\n", "a.sh")->steps.size() == 1);
  CHECK(read_pipeline(FileKind::makefile, "a:\n\tgo vet\n", "Makefile")->steps.size() == 1);
  CHECK(read_pipeline(FileKind::jenkins, "sh 'go vet'\n", "Jenkinsfile")->steps.size() == 1);
  CHECK(read_pipeline(FileKind::gitlab, "a: {script: [go vet]}", "x")->steps.size() == 1);
  CHECK_FALSE(read_pipeline(FileKind::github, "a: [", "x").has_value());
}

}  // namespace
}  // namespace sluice::insight
