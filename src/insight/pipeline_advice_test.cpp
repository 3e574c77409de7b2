#include "insight/pipeline_advice.hpp"

#include "insight/ci_files.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::insight {
namespace {

std::string text_in(const sys::Path& path) {
  const auto bytes = sys::read_file(path, 1U << 20U);
  REQUIRE_MESSAGE((bytes && *bytes), path.native());
  return std::string(text_of(**bytes));
}

std::vector<sys::Path> files_below(const sys::Path& directory, std::string_view suffix) {
  std::vector<sys::Path> found;
  REQUIRE(sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    const sys::Path path = directory / name;
    if (std::filesystem::is_directory(path)) {
      for (sys::Path& one : files_below(path, suffix)) found.push_back(std::move(one));
    } else if (name.ends_with(suffix)) {
      found.push_back(path);
    }
    return {};
  }));
  std::ranges::sort(found);
  return found;
}

// "LINE SEVERITY ID [WHAT DIFFERS]", a line for each, as the .expected files have it.
std::string shown(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& finding : findings) {
    all += std::to_string(finding.line) + " " + std::string(name_of(finding.severity)) + " " +
           finding.id + (finding.subject.empty() ? "" : " " + finding.subject) + "\n";
  }
  return all;
}

TEST_CASE("the corpus: each file gives the findings beside it") {
  const sys::Path root = SLUICE_CI_CORPUS;
  const ModuleFacts module = [&] {
    ModuleFacts facts = module_facts(text_in(root / "go.mod"), "go.mod");
    facts.has_go_sum = true;
    return facts;
  }();
  std::size_t files = 0;
  for (const sys::Path& expected : files_below(root, ".expected")) {
    const std::string path = expected.native().substr(0, expected.native().rfind('.'));
    const std::string text = text_in(path);
    // repo-name/.github/workflows/ci.yml: the first part is the checkout.
    const std::string relative = sys::Path(path).lexically_relative(root).native();
    const std::string file = relative.substr(relative.find('/') + 1);
    INFO(relative);
    const auto kind = file_kind_of(file, text);
    REQUIRE(kind.has_value());
    const auto pipeline = read_pipeline(*kind, text, file);
    REQUIRE_MESSAGE(pipeline.has_value(), (pipeline ? "" : pipeline.error().message));
    const auto findings = advise(*pipeline, module);
    CHECK(shown(findings) == text_in(expected));
    for (const Finding& finding : findings) {
      INFO(finding.id);
      CHECK_FALSE(finding.why().empty());
      CHECK_FALSE(finding.what.empty());
      CHECK_FALSE(finding.fix.empty());
      CHECK((finding.what + finding.fix).find('\n') == std::string::npos);
    }
    ++files;
  }
  CHECK(files >= 12);
}

TEST_CASE("a fix in a Makefile has its variables, where they are calls") {
  const auto pipeline = read_pipeline(
      FileKind::makefile,
      "V := $(shell git describe)\ntest:\n\tgo test -count=1 -ldflags \"-X m.v=$(V)\" ./...\n",
      "Makefile");
  REQUIRE(pipeline);
  const auto findings = advise(*pipeline, {});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].id == "test-count");
  CHECK(findings[0].fix == "go test -ldflags \"-X m.v=$(V)\" ./...");
}

TEST_CASE("drift from what go.mod wants") {
  const auto shown_drift = [](std::string_view version, const ModuleFacts& module) {
    const auto drift = drift_of(version, module);
    return std::string(drift ? name_of(drift->severity) : "");
  };
  const ModuleFacts pinned = module_facts("module m\ngo 1.24\ntoolchain go1.25.3\n", "go.mod");
  CHECK(shown_drift("1.25.3", pinned).empty());
  CHECK(shown_drift("1.25", pinned).empty());
  for (const char* other : {"1.25.4", "1.25.2", "1.24", "1.26"}) {
    INFO(other);
    CHECK(shown_drift(other, pinned) == "may-miss");
  }
  for (const char* unknown : {"stable", "1", "1.20", "", "1.x"}) {
    INFO(unknown);
    CHECK(shown_drift(unknown, pinned).empty());
  }
  const ModuleFacts open = module_facts("go 1.24 // the oldest\n", "go.mod");
  CHECK(open.go == "1.24");
  CHECK(shown_drift("1.26.1", open).empty());
  CHECK(shown_drift("1.26", open).empty());
  CHECK(shown_drift("1.23", open) == "may-miss");
  CHECK(shown_drift("1.23", {}).empty());
  CHECK(shown_drift("1.26.1", module_facts("go 1.24.0\n", "go.mod")).empty());
  CHECK(shown_drift("1.26.1", module_facts("go 1.24.2\n", "go.mod")) == "note");
  CHECK(shown_drift("1.24.1", module_facts("go 1.24.2\n", "go.mod")) == "may-miss");
  CHECK(shown_drift("1.22", module_facts("go 1.19\n", "go.mod")).empty());
}

}  // namespace
}  // namespace sluice::insight
