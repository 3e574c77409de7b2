#include "runner/package_report.hpp"

#include <doctest/doctest.h>

#include <csignal>

namespace sluice::runner {
namespace {

using namespace std::chrono_literals;

TestEnd exited(int code) {
  TestEnd end;
  end.status.code = code;
  end.elapsed_s = 0.5;
  return end;
}

struct Said {
  std::string text;
  std::string kept;
  bool has_passed = false;
};

Said say(const ReportForm& form, std::string_view output, const TestEnd& end) {
  Said said;
  PackageReport report("m/p", form, [&](std::string_view text) { said.text += text; });
  report.output(output);
  said.has_passed = report.ended(end);
  CHECK(report.is_over());
  CHECK(said.text.empty());
  report.release();
  said.kept = report.kept();
  return said;
}

}  // namespace

TEST_CASE("package report: text of tests that pass") {
  const Said brief = say({}, "=== RUN   T\nPASS\n", exited(0));
  CHECK(brief.has_passed);
  CHECK(brief.text == "ok  \tm/p\t0.500s\n");
  CHECK(brief.kept == brief.text);
  ReportForm verbose;
  verbose.is_verbose = true;
  const Said whole = say(verbose, "=== RUN   T\nPASS\n", exited(0));
  CHECK(whole.text == "=== RUN   T\nPASS\nok  \tm/p\t0.500s\n");
  CHECK(whole.kept == whole.text);
}

TEST_CASE("package report: text of tests that fail") {
  const auto text = [](std::string_view output, const TestEnd& end, bool is_framed = false) {
    ReportForm form;
    form.is_framed = is_framed;
    form.quit_after = 11min;
    form.wait_delay = 5s;
    const Said said = say(form, output, end);
    CHECK_FALSE(said.has_passed);
    CHECK(said.kept.empty());
    return said.text;
  };
  CHECK(text("--- FAIL: T\nFAIL\n", exited(1)) == "--- FAIL: T\nFAIL\nFAIL\tm/p\t0.500s\n");
  CHECK(text("no end", exited(1)) == "no end\nFAIL\tm/p\t0.500s\n");
  CHECK(text("", exited(3)) == "exit status 3\nFAIL\tm/p\t0.500s\n");
  CHECK(text("x\n", exited(1), true) ==
        "x\n\x16"
        "FAIL\tm/p\t0.500s\n");
  TestEnd end = exited(0);
  end.status.signal = SIGKILL;
  CHECK(text("x\n", end) == "x\nsignal: killed\nFAIL\tm/p\t0.500s\n");
  end = exited(2);
  end.was_told_to_quit = true;
  CHECK(text("SIGQUIT\n", end) ==
        "SIGQUIT\n*** Test killed with quit: ran too long (11m0s).\nFAIL\tm/p\t0.500s\n");
  end = exited(0);
  end.is_output_incomplete = true;
  CHECK(text("PASS\n", end) ==
        "PASS\n*** Test I/O incomplete 5s after exiting.\n"
        "exec: WaitDelay expired before I/O complete\nFAIL\tm/p\t0.500s\n");
}

TEST_CASE("package report: text of tests that tell each") {
  ReportForm form;
  form.go_minor = 26;
  form.is_framed = form.is_read = true;
  constexpr std::string_view k_output =
      "\x16=== RUN   TestA\n    a_test.go:1: words\n\x16--- PASS: TestA (0.00s)\n"
      "\x16=== RUN   TestB\n    a_test.go:2: no\n\x16--- FAIL: TestB (0.00s)\n\x16"
      "FAIL\n";
  const Said failed = say(form, k_output, exited(1));
  CHECK(failed.text == "--- FAIL: TestB (0.00s)\n    a_test.go:2: no\nFAIL\nFAIL\tm/p\t0.500s\n");
  const Said passed =
      say(form, "\x16=== RUN   TestA\n\x16--- PASS: TestA (0.00s)\n\x16PASS\n", exited(0));
  CHECK(passed.text == "ok  \tm/p\t0.500s\n");
  CHECK(passed.kept ==
        "\x16=== RUN   TestA\n\x16--- PASS: TestA (0.00s)\n\x16PASS\nok  \tm/p\t0.500s\n");
  form.is_verbose = true;
  CHECK(say(form, k_output, exited(1)).text ==
        "=== RUN   TestA\n    a_test.go:1: words\n--- PASS: TestA (0.00s)\n"
        "=== RUN   TestB\n    a_test.go:2: no\n--- FAIL: TestB (0.00s)\nFAIL\nFAIL\tm/p\t0.500s\n");
}

TEST_CASE("package report: attempts, until it is decided") {
  ReportForm form;
  form.go_minor = 26;
  form.is_framed = form.is_read = true;
  std::string text;
  PackageReport report("m/p", form, [&](std::string_view piece) { text += piece; });
  report.release();
  report.output(
      "\x16=== RUN   TestA\n    a_test.go:1: no\n\x16--- FAIL: TestA (0.00s)\n\x16"
      "FAIL\n");
  report.attempt_failed(exited(1));
  CHECK(text.empty());
  report.output("\x16=== RUN   TestA\n\x16--- PASS: TestA (0.00s)\n\x16PASS\n");
  report.decided(exited(1), true, {"TestA"});
  CHECK(text == "--- FAIL: TestA (0.00s)\n    a_test.go:1: no\nok  \tm/p\t0.500s [flaky: TestA]\n");
  CHECK(report.kept().empty());
  CHECK(report.records().tests().at(0).outcome == TestOutcome::passed);
}

TEST_CASE("package report: text as it comes, from the moment at which it may be shown") {
  ReportForm form;
  form.is_verbose = true;
  form.shows_at_once = true;
  std::string text;
  PackageReport report("m/p", form, [&](std::string_view piece) { text += piece; });
  report.output("one\n");
  CHECK(text.empty());
  report.release();
  CHECK(text == "one\n");
  report.output("PASS\n");
  CHECK(text == "one\nPASS\n");
  CHECK(report.ended(exited(0)));
  CHECK(text == "one\nPASS\nok  \tm/p\t0.500s\n");
}

TEST_CASE("package report: events") {
  ReportForm form;
  form.go_minor = 26;
  form.is_json = true;
  form.is_framed = true;
  const Said said = say(form, "\x16=== RUN   T\n\x16--- FAIL: T (0.00s)\nFAIL\n", exited(1));
  std::string actions;
  for (std::size_t at = 0; (at = said.text.find("\"Action\":\"", at)) != std::string::npos;) {
    at += 10;
    actions += said.text.substr(at, said.text.find('"', at) - at) + " ";
  }
  CHECK(actions == "start run output output output fail output fail ");
  CHECK(said.text.starts_with("{\"Time\":\"20"));
}

TEST_CASE("package report: a result that was known, and a test that could not be started") {
  std::string text;
  const auto show = [&](std::string_view piece) { text += piece; };
  PackageReport known("m/p", {}, show);
  known.known("ok  \tm/p\t(cached)\n");
  known.release();
  CHECK(text == "ok  \tm/p\t(cached)\n");
  text.clear();
  PackageReport none("m/p", {}, show);
  none.not_started("start /x: Permission denied");
  none.release();
  CHECK(text == "start /x: Permission denied\nFAIL\tm/p\t0.000s\n");
}

}  // namespace sluice::runner
