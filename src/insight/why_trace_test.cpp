#include "insight/why_trace.hpp"

#include "base/bytes.hpp"
#include "base/subkey.hpp"
#include "gotool/action_text.hpp"
#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::insight {
namespace {

using testing::Diary;
using testing::text_of;

gotool::TracedHash hashed(const std::string& name, const std::string& text) {
  return {name, std::string(testing::k_salt), text, testing::action_of(text), true};
}

TraceExplanation trace(const Diary& diary, const std::vector<gotool::TracedHash>& hashes,
                       const std::string& against = "") {
  journal::Database database = diary.open();
  const auto job = journal::find_job(database, "last");
  REQUIRE(job);
  std::optional<journal::JobRow> other;
  if (!against.empty()) {
    const auto found = journal::find_job(database, against);
    REQUIRE(found);
    other = *found;
  }
  const auto explanation = explain(database, *job, other);
  REQUIRE(explanation);
  TracedActions traced(std::nullopt);
  for (const auto& hash : hashes) traced.add(hash);
  auto result = explain_trace(database, *explanation, other, traced);
  REQUIRE(result);
  return std::move(*result);
}

const TracedPackage& of(const TraceExplanation& result, std::string_view name) {
  const auto at = std::ranges::find(result.packages, name, &TracedPackage::package);
  REQUIRE(at != result.packages.end());
  return *at;
}

}  // namespace

TEST_CASE("why trace: the job's own key, and what differs from before") {
  Diary diary;
  const std::string old_leaf = text_of("leaf", {"a.go=1"}, {});
  const std::string leaf = text_of("leaf", {"a.go=2"}, {});
  const std::string top = text_of("top", {"t.go=1"}, {"leaf=2"});
  diary.run({.compiled = {{"leaf", old_leaf}, {"top", text_of("top", {"t.go=1"}, {"leaf=1"})}}});
  diary.run({.compiled = {{"leaf", leaf}, {"top", top}}});
  const auto result = trace(diary, {hashed("build leaf", leaf), hashed("vet leaf", "vet"),
                                    hashed("build top", top), hashed("vet nobody", "vet")});
  CHECK(result.packages.size() == 2);
  const TracedPackage& package = of(result, "leaf");
  CHECK(package.is_of_job);
  CHECK(package.keys.size() == 2);
  CHECK(package.proven() == 2);
  CHECK(package.since_job.empty());
  CHECK(package.causes == std::vector<Cause>{{"file", "a.go changed"}});
  CHECK(package.is_proven);
  REQUIRE(package.against);
  CHECK(package.against->job == 1);
  CHECK(of(result, "top").causes == package.causes);
  CHECK(of(result, "top").through == std::vector<std::string>{"leaf"});
  CHECK(of(result, "top").is_proven);
}

TEST_CASE("why trace: a build in between that was linked hides no edited dependency") {
  Diary diary;
  const auto cmd = [](std::string_view leaf) {
    return text_of("cmd", {"m.go=1"}, {"leaf=" + std::string(leaf)});
  };
  const auto whole = [&cmd](std::string_view leaf, const std::string& flags) {
    return gotool::with_modinfo(cmd(leaf), "path\tcmd\n" + flags);
  };
  const std::string old_leaf = text_of("leaf", {"a.go=1"}, {});
  const std::string leaf = text_of("leaf", {"a.go=2"}, {});
  diary.run({.compiled = {{"leaf", old_leaf}, {"cmd", cmd("1")}}});
  diary.run({.compiled = {{"cmd", whole("1", "build\t-ldflags=-w\n")}}});
  diary.run({.compiled = {{"leaf", leaf}, {"cmd", cmd("2")}}});
  const auto result =
      trace(diary, {hashed("build leaf", leaf), hashed("build cmd", whole("2", ""))});
  const TracedPackage& package = of(result, "cmd");
  CHECK(package.causes == std::vector<Cause>{{"file", "a.go changed"}});
  CHECK(package.through == std::vector<std::string>{"leaf"});
  REQUIRE(package.against);
  CHECK(package.against->job == 1);
}

TEST_CASE("why trace: a package's own cause stands beside that of what it imports") {
  Diary diary;
  const std::string old_leaf = text_of("leaf", {"a.go=1"}, {});
  const std::string leaf = text_of("leaf", {"a.go=2"}, {});
  const std::string top = text_of("top", {"t.go=2"}, {"leaf=2"});
  diary.run({.compiled = {{"leaf", old_leaf}, {"top", text_of("top", {"t.go=1"}, {"leaf=1"})}}});
  diary.run({.compiled = {{"leaf", leaf}, {"top", top}}});
  const auto result = trace(diary, {hashed("build leaf", leaf), hashed("build top", top)});
  CHECK(of(result, "top").causes == std::vector<Cause>{{"file", "t.go changed"}});
  REQUIRE(of(result, "top").also.size() == 1);
  CHECK(of(result, "top").also[0].causes == std::vector<Cause>{{"file", "a.go changed"}});
  CHECK(of(result, "top").also[0].is_proven);
}

TEST_CASE("why trace: what has changed since the job") {
  Diary diary;
  diary.run({.compiled = {{"leaf", text_of("leaf", {"a.go=1"}, {})}}});
  const auto result = trace(diary, {hashed("build leaf", text_of("leaf", {"a.go=3"}, {}))});
  const TracedPackage& package = of(result, "leaf");
  CHECK_FALSE(package.is_of_job);
  CHECK(package.since_job == std::vector<Cause>{{"file", "a.go changed"}});
  CHECK(package.is_since_job_proven);
  CHECK(package.causes ==
        std::vector<Cause>{
            {"never-built", "no build of it is known: the journal begins with this job"}});
}

TEST_CASE("why trace: variants of a package, which go prints under one name") {
  Diary diary;
  const std::string plain = text_of("p", {"p.go=1"}, {});
  const std::string variant = text_of("p", {"p.go=1", "p_test.go=1"}, {}, "forcelibrary\n");
  diary.run({.compiled = {{"p", plain}, {"p [p.test]", variant}}});
  auto result = trace(diary, {hashed("build p", plain), hashed("build p", variant)});
  CHECK(of(result, "p").is_of_job);
  CHECK(of(result, "p [p.test]").is_of_job);
  // Both edited since.
  result = trace(diary,
                 {hashed("build p", text_of("p", {"p.go=2", "p_test.go=2"}, {}, "forcelibrary\n")),
                  hashed("build p", text_of("p", {"p.go=2"}, {}))});
  CHECK(of(result, "p [p.test]").since_job ==
        std::vector<Cause>{{"file", "p.go, p_test.go changed"}});
  CHECK(of(result, "p").since_job == std::vector<Cause>{{"file", "p.go changed"}});
}

TEST_CASE("why trace: a job of which only lookups were written down") {
  Diary diary;
  const std::string before = text_of("p", {"p.go=1"}, {});
  const std::string now = text_of("p", {"p.go=2"}, {});
  diary.run({.compiled = {{"p", before}, {"q", before}}});
  diary.run({.asked = {testing::action_of(now)}});
  const auto result = trace(diary, {hashed("build p", now), hashed("build q", before)});
  CHECK(of(result, "p").is_of_job);
  CHECK(of(result, "p").causes == std::vector<Cause>{{"file", "p.go changed"}});
  CHECK(of(result, "p").is_proven);
  // It was compiled from the same before.
  CHECK(of(result, "q").causes.empty());
}

TEST_CASE("why trace: a program that was never linked is what go says it is") {
  Diary diary;
  const std::string whole = gotool::with_modinfo(text_of("cmd", {"m.go=2"}, {}), "path\tcmd\n");
  diary.run({.compiled = {{"cmd", text_of("cmd", {"m.go=1"}, {})}}});
  diary.run({.asked = {testing::action_of(whole)}});
  const auto result = trace(diary, {hashed("build cmd", whole)});
  CHECK(of(result, "cmd").is_of_job);
  CHECK(of(result, "cmd").keys.front().is_proven);
  // Compared without the build information, which one side lacks.
  CHECK(of(result, "cmd").causes == std::vector<Cause>{{"file", "m.go changed"}});
}

TEST_CASE("why trace: a test whose result the job asked for, and one that it did not") {
  const auto link = hashed("link p.test", "link\n");
  const auto id = hashed(
      "testResult", "test binary " + gotool::short_hash(link.sum.bytes) + " args [] execcmd []");
  const auto inputs = hashed("testInputs", "env GODEBUG 00\nopen /m/a 11\n");
  const std::string description = "inputs:" + inputs.sum.hex();
  const auto tell = [&](TracedActions& traced) {
    for (const auto& hash : {link, id, inputs}) traced.add(hash);
    traced.add(gotool::TracedSubkey{id.sum, description, subkey(id.sum, description), true});
  };
  TracedActions first(std::nullopt);
  tell(first);
  REQUIRE(first.tests().size() == 1);
  for (const bool is_asked : {true, false}) {
    Diary diary;
    Diary::Command command;
    if (is_asked) command.asked = {first.tests().front().key};
    diary.run(command);
    journal::Database database = diary.open();
    const auto job = journal::find_job(database, "last");
    REQUIRE(job);
    const auto explanation = explain(database, *job, std::nullopt);
    REQUIRE(explanation);
    const auto result = explain_trace(database, *explanation, std::nullopt, first);
    REQUIRE(result);
    REQUIRE(result->tests.size() == 1);
    CHECK(result->tests.front().is_of_job == is_asked);
  }
}

}  // namespace sluice::insight
