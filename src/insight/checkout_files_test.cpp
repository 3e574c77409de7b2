#include "insight/checkout_files.hpp"

#include "base/bytes.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>

namespace sluice::insight {
namespace {

void write(const sys::Path& path, std::string_view text) {
  REQUIRE(sys::make_directories(path.parent_path()));
  REQUIRE(sys::write_file_atomic(path, bytes_of(text)));
}

TEST_CASE("files in their places, and what they say") {
  const auto place = sys::TempDirectory::create("sluice-doctor-test-");
  REQUIRE(place);
  const sys::Path root = place->path();
  write(root / "go.mod", "module m\n\ngo 1.24\n\ntoolchain go1.25.3 // pinned\n");
  write(root / "go.sum", "");
  write(root / "Makefile", "test:\n\tgo test -count=1 ./...\n");
  write(root / ".github/workflows/ci.yml", "jobs: [\n");
  write(root / ".github/actions/x/action.yml", "runs: {steps: [{run: go build -a ./...}]}\n");
  write(root / ".ci/run", "#!/bin/sh\ngo test\n");
  write(root / ".ci/data", "go test\n");
  write(root / "sub/Makefile", "a:\n\tgo build -a\n");
  write(root / "big.sh", std::string(k_pipeline_file_size_max + 1, 'x'));
  REQUIRE(::mkfifo((root / "pipe.sh").c_str(), 0600) == 0);
  const sys::Environment env;
  const ModuleFacts module = find_module(env, root / "sub", root);
  CHECK(module.file == "go.mod");
  CHECK(module.go == "1.24");
  CHECK(module.toolchain == "go1.25.3");
  CHECK(module.toolchain_line == 5);
  CHECK(module.wanted() == "1.25.3");
  CHECK(module.has_go_sum);
  const ExaminedFiles examined = examine_files(root, root, module);
  std::string all;
  for (const Finding& finding : examined.findings) all += finding.where() + " " + finding.id + "\n";
  CHECK(all ==
        ".ci/run:2 test-no-packages\n"
        ".github/actions/x/action.yml:1 build-all\n"
        ".github/workflows/ci.yml:2 unreadable-file\n"
        "Makefile:2 test-count\n"
        "big.sh unreadable-file\n");
  const auto yaml = std::ranges::find(examined.findings, "unreadable-file", &Finding::id);
  REQUIRE(yaml != examined.findings.end());
  CHECK(yaml->what.starts_with("no YAML: "));  // where it is said once, before it
  CHECK(examined.files.size() == 4);
  const ExaminedFiles of_sub = examine_files(root, root / "sub", module);
  CHECK(of_sub.files.size() == 5);
  CHECK(of_sub.findings.size() == examined.findings.size() + 1);
  CHECK(of_sub.findings.back().where() == "sub/Makefile:2");
}

TEST_CASE("a directory with nothing, and none") {
  CHECK(examine_files("/nothing/of/this/name", "/", {}).findings.empty());
  CHECK(find_module({}, "/nothing/of/this/name", "/").file.empty());
}

}  // namespace
}  // namespace sluice::insight
