#include "cli/why_trace.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

journal::CommandRow command_of(std::vector<std::string> words) {
  journal::CommandRow command;
  command.words = std::move(words);
  command.directory = "/srv/shop";
  command.goflags = "-tags=x";
  command.go_version = "go1.26.8";
  return command;
}

TraceRequest a_request() {
  TraceRequest request;
  request.explanation.job.id = 12;
  request.explanation.commands = {command_of({"go", "test", "./..."})};
  insight::PackageWhy made;
  made.package = "example.org/shop/price";
  insight::PackageWhy hit;
  hit.package = "fmt";
  hit.answer = journal::Answer::local;
  request.explanation.packages = {made, hit};
  insight::TestWhy ran;
  ran.package = made.package;
  ran.is_proven = true;
  ran.causes = {{"test-input", "testdata/a changed"}};
  request.explanation.tests = {ran};
  return request;
}

insight::TraceExplanation a_trace() {
  insight::TraceExplanation traced;
  insight::TracedPackage price;
  price.package = "example.org/shop/price";
  price.keys = {{insight::TracedStep::What::build, {}, true, true},
                {insight::TracedStep::What::vet, {}, false, true}};
  price.is_of_job = true;
  price.causes = {{"file", "price.go changed"}};
  price.is_proven = true;
  price.against = insight::Against{11, "", 0};
  insight::TracedPackage other;
  other.package = "fmt";
  other.since_job = {{"compiler", "Go version: a -> b"}};
  traced.packages = {price, other};
  insight::TracedTestWhy test;
  test.test.package = price.package;
  test.test.is_proven = true;
  test.test.inputs = {{"env", "HOME", true}, {"env", "X", false}, {"open", "/a b", std::nullopt}};
  traced.tests = {test};
  traced.tests_without_log = {"example.org/shop/none"};
  return traced;
}

}  // namespace

TEST_CASE("why --trace: the last command of the job that can be run again") {
  insight::Explanation explanation;
  CHECK_FALSE(choose_rerun(explanation));
  explanation.commands = {command_of({"go", "build", "-o", "x", "."}), command_of({"make"})};
  const auto rerun = choose_rerun(explanation);
  REQUIRE(rerun);
  CHECK(rerun->words == std::vector<std::string>{"build", "-p=1", "-o=/dev/null", "."});
  CHECK(rerun->directory == "/srv/shop");
  CHECK_FALSE(rerun->runs_tests);
  explanation.commands = {command_of({"go", "run", "."}), command_of({"make"})};
  const auto none = choose_rerun(explanation);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::invalid);
  CHECK(none.error().message == "'make' is no go command");
}

TEST_CASE("why --trace: the command is no job, publishes nothing and keeps GODEBUG") {
  const auto rerun = choose_rerun(a_request().explanation);
  REQUIRE(rerun);
  sys::Environment env;
  env.set("GODEBUG", "netdns=go");
  env.set("SLUICE_SUMMARY", "/x");
  env.set("SLUICE_SESSION", "{}");
  const auto job = rerun_environment(env, *rerun, "");
  CHECK(job.get("GODEBUG") == "netdns=go,gocachehash=1");
  CHECK(job.get("SLUICE_WHY_TRACE") == "1");
  CHECK(job.get("GOFLAGS") == "-tags=x");
  CHECK(job.get("PWD") == "/srv/shop");
  CHECK(job.get("SLUICE_JOURNAL") == "off");
  CHECK(job.get("SLUICE_READ_ONLY") == "true");
  CHECK_FALSE(job.get("SLUICE_SUMMARY"));
  CHECK_FALSE(job.get("SLUICE_SESSION"));
  CHECK_FALSE(rerun_environment(env, *rerun, "-tags=x").get("GOFLAGS"));
}

TEST_CASE("why --trace: packages in words") {
  auto traced = a_trace();
  TraceRequest request = a_request();
  REQUIRE(select_traced(traced, request));
  CHECK(traced.packages.size() == 1);
  CHECK(traced.tests_without_log.empty());
  TraceRun run;
  run.counts.hashes = 10;
  run.counts.hashes_proven = 9;
  const auto rerun = choose_rerun(request.explanation);
  REQUIRE(rerun);
  const std::string text = why_trace_text(request, *rerun, run, traced);
  INFO(text);
  CHECK(text.starts_with("job 12: go test ./... (go1.26.8, "));
  CHECK(has(text, "traced: go test -p=1 ./... ("));
  CHECK(has(text, "go made 10 hashes, 9 proven; "));
  CHECK(has(text,
            "example.org/shop/price: 1 of 2 keys proven (build, vet), as in the job\n"
            "    price.go changed\n    compared with job 11, "));
  CHECK(has(text,
            "tests\nexample.org/shop/price: key proven, not as in the job\n"
            "    ran: testdata/a changed\n"
            "    it consults variable HOME (set), variable X (not set), open /a b\n"));

  request.words = {"fmt"};
  request.patterns = {"fmt"};
  traced = a_trace();
  REQUIRE(select_traced(traced, request));
  CHECK(has(why_trace_text(request, *rerun, run, traced),
            "fmt: 0 of 0 keys proven (); since the job: Go version: a -> b (not proven)\n"));
  request.patterns = {"none"};
  const auto refused = select_traced(traced, request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid);
}

TEST_CASE("why --trace: JSON") {
  const TraceRequest request = a_request();
  const auto rerun = choose_rerun(request.explanation);
  REQUIRE(rerun);
  const auto json =
      codec::parse_json(why_trace_json(request, *rerun, TraceRun{}, a_trace()).dump());
  REQUIRE(json);
  CHECK(json->int_or("job", 0) == 12);
  const codec::Json& package = json->find("packages")->as_array()->front();
  CHECK(package.find("keys")->as_array()->front().text_or("step", "") == "build");
  CHECK(package.find("against")->int_or("job", 0) == 11);
  const codec::Json& test = json->find("tests")->as_array()->front();
  CHECK(test.find("inputs")->as_array()->size() == 3);
  CHECK(json->find("trace")->bool_or("complete", false));
}

}  // namespace sluice::cli
