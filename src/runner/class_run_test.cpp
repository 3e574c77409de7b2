#include "runner/class_run.hpp"

#include <doctest/doctest.h>

#include <csignal>

namespace sluice::runner {
namespace {

using Word = ClassGate::Answer::Word;

// One class with a set-up and a tear-down, and one package of it.
struct Place {
  explicit Place(std::string set_up, std::string tear_down = "true")
      : rules(rules_of(std::move(set_up), std::move(tear_down))) {
    env.set("PATH", "/usr/bin:/bin");
    plan.classes = {0};
    run.expect(plan);
  }

  static TestRules rules_of(std::string set_up, std::string tear_down) {
    TestClass one;
    one.name = "db";
    one.set_up = {std::move(set_up), "echo more"};
    one.tear_down = {"false", std::move(tear_down)};
    one.env = {{"OWN", "1"}};
    TestRules rules;
    rules.classes.push_back(std::move(one));
    return rules;
  }

  Word ask_until_decided() {
    auto answer = run.ask(plan);
    while (answer.word == Word::wait) {
      REQUIRE(loop->run_once().has_value());
      answer = run.ask(plan);
    }
    return answer.word;
  }
  void finish() {
    run.close();
    while (!run.is_over()) REQUIRE(loop->run_once().has_value());
  }

  sys::TempDirectory made = *sys::TempDirectory::create("classes");
  Result<sys::Loop> loop = sys::Loop::create();
  sys::Environment env;
  const TestRules rules;
  PackagePlan plan;
  std::string told;
  int changes = 0;
  ClassRun run{rules,
               {made.path(), made.path(), env},
               *loop,
               {[this](const std::string& line) { told += line + "\n"; }, [this] { ++changes; }}};
};

}  // namespace

TEST_CASE("class run: a set-up hands variables on, in the directory of the file") {
  Place place("echo A=$OWN$SLUICE_CLASS >> $SLUICE_ENV; touch here", "touch down-$A");
  CHECK(place.ask_until_decided() == Word::yes);
  CHECK(place.run.variables_of(place.plan) == Variables{{"A", "1db"}});
  CHECK(sys::stat_file(place.made.path() / "here")->has_value());
  CHECK(place.changes == 1);
  place.run.over(place.plan, false);
  place.finish();
  CHECK(sys::stat_file(place.made.path() / "down-1db")->has_value());
  CHECK(place.told.empty());
}

TEST_CASE("class run: a set-up that fails says why, and is torn down") {
  Place place("echo broken; exit 3", "touch down");
  CHECK(place.ask_until_decided() == Word::failed);
  CHECK(place.told == "the set-up of class db failed: exit status 3\n  broken\n");
  place.finish();
  CHECK(sys::stat_file(place.made.path() / "down")->has_value());
}

TEST_CASE("class run: a set-up ends by a signal, a tear-down that fails is told") {
  Place place("exec sleep 100", "exit 4");
  CHECK(place.run.ask(place.plan).word == Word::wait);
  place.run.signal(SIGTERM);
  CHECK(place.ask_until_decided() == Word::failed);
  place.finish();
  CHECK(place.told.starts_with("the set-up of class db failed: signal: terminated\n"));
  CHECK(place.told.ends_with("the tear-down of class db failed: exit status 4\n"));
}

TEST_CASE("class run: lines that are variables") {
  const auto read = read_variables("A=1\n# no\n\nB=x=y\nC=");
  REQUIRE(read);
  CHECK(*read == Variables{{"A", "1"}, {"B", "x=y"}, {"C", ""}});
  for (const std::string_view wrong : std::initializer_list<std::string_view>{
           "A", "=2", " A=1", "export A=1", "A=1\r\n", "1=2", std::string_view("A=x\0y", 5)}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_variables(wrong));
  }
  CHECK(read_variables("A=1\nno\n").error().message == "line 2 is no NAME=VALUE: \"no\"");
}

TEST_CASE("class run: a set-up that leaves no such lines has failed") {
  for (const char* set_up : {"echo no >> $SLUICE_ENV", "mkdir $SLUICE_ENV", "mkfifo $SLUICE_ENV",
                             "head -c 100000 /dev/zero > $SLUICE_ENV"}) {
    CAPTURE(set_up);
    Place place(set_up);
    CHECK(place.ask_until_decided() == Word::failed);
    CHECK(place.told.starts_with("the set-up of class db failed: SLUICE_ENV: "));
    place.finish();
  }
}

}  // namespace sluice::runner
