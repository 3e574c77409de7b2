#include "runner/attempts.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

ReportForm framed() {
  ReportForm form;
  form.go_minor = 26;
  form.is_framed = form.is_read = true;
  return form;
}

// A package of one test, which failed the first time; `script` is what it does in an attempt.
struct Place {
  explicit Place(std::string_view script) {
    const std::string text = "#!/bin/sh\n" + std::string(script);
    REQUIRE(sys::write_file_atomic(program(), bytes_of(text), 0755));
    package.facts.import_path = "m/p";
    package.report = std::make_unique<PackageReport>("m/p", framed(), [](std::string_view) {});
    package.report->output("\026=== RUN   TestA\n\026--- FAIL: TestA (0.00s)\n\026FAIL\n");
    end.status.code = 1;
    attempts.ran(1);
  }

  bool take(std::size_t more) {
    const bool is_taken =
        attempts.take({0, &package.report->records(), end, package.report->said(), more, false});
    package.report->attempt_failed(end);
    return is_taken;
  }
  // Until it is decided.
  bool has_passed() {
    attempts.next(0);
    while (!verdict) REQUIRE(loop->run_once().has_value());
    return verdict->has_passed;
  }

  sys::Path program() const { return made.path() / "p.test"; }

  sys::TempDirectory made = *sys::TempDirectory::create("attempts");
  Result<sys::Loop> loop = sys::Loop::create();
  Package package;
  TestEnd end;
  int begun = 0;
  std::string told;
  std::optional<Retries::Verdict> verdict;
  Attempts attempts{*loop,
                    {[this](TaskNumber) -> Package& { return package; },
                     [this](Package&) {
                       ++begun;
                       TestCommand command;
                       command.program = program();
                       command.environment.set("TRY", std::to_string(begun));
                       command.arguments = {"p.test"};
                       return command;
                     },
                     [this](const std::string& line) { told += line + "\n"; },
                     [this](const Retries::Verdict& decided) { verdict = decided; },
                     [this] { attempts.next(0); }, true}};
};

constexpr std::string_view k_passes =
    "printf '\\026=== RUN   TestA\\n\\026--- PASS: TestA (0.00s)\\n\\026PASS\\n'";
constexpr std::string_view k_fails =
    "printf '\\026=== RUN   TestA\\n\\026--- FAIL: TestA (0.00s)\\n\\026FAIL\\n'; exit 1";

}  // namespace

TEST_CASE("attempts: one after the other, until one passes") {
  Place place("if [ $TRY = 2 ]; then " + std::string(k_passes) + "; else " + std::string(k_fails) +
              "; fi");
  REQUIRE(place.take(3));
  CHECK(place.has_passed());
  CHECK(place.begun == 2);
  CHECK(place.verdict->flaky == std::vector<std::string>{"TestA"});
  CHECK(place.told == "0.00 s: attempt 2 of 4: m/p TestA\n0.00 s: attempt 3 of 4: m/p TestA\n");
}

TEST_CASE("attempts: none passes") {
  Place place(k_fails);
  REQUIRE(place.take(2));
  CHECK_FALSE(place.has_passed());
  CHECK(place.begun == 2);
}

TEST_CASE("attempts: none is begun once they are stopped, or the package is refused") {
  Place stopped(k_passes);
  REQUIRE(stopped.take(1));
  stopped.attempts.stop();
  CHECK_FALSE(stopped.has_passed());
  CHECK(stopped.begun == 0);
  Place refused(k_passes);
  REQUIRE(refused.take(1));
  refused.package.report.reset();
  CHECK_FALSE(refused.has_passed());
  CHECK(refused.begun == 0);
}

}  // namespace sluice::runner
