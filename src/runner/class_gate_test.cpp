#include "runner/class_gate.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

using Word = ClassGate::Answer::Word;

// unit, db (behind unit, with a set-up and a tear-down), e2e (behind db).
TestRules three() {
  TestRules rules;
  rules.classes.resize(3);
  rules.classes[0].name = "unit";
  rules.classes[1].name = "db";
  rules.classes[1].after = {0};
  rules.classes[1].set_up = {"up"};
  rules.classes[1].tear_down = {"down"};
  rules.classes[2].name = "e2e";
  rules.classes[2].after = {1};
  return rules;
}

PackagePlan of(std::vector<ClassNumber> classes) {
  PackagePlan plan;
  plan.classes = std::move(classes);
  return plan;
}

TEST_CASE("class gate: a class waits for those before it and for its set-up") {
  const TestRules rules = three();
  ClassGate gate(rules);
  const PackagePlan unit = of({0});
  const PackagePlan db = of({1});
  gate.expect(unit);
  gate.expect(db);
  CHECK(gate.ask(unit).word == Word::yes);
  CHECK(gate.ask(db).word == Word::wait);
  CHECK(gate.due().empty());
  gate.over(unit, false);
  CHECK(gate.ask(db).word == Word::wait);
  const auto up = gate.due();
  REQUIRE(up.size() == 1);
  CHECK(up[0].number == 1);
  CHECK(up[0].is_set_up);
  CHECK(gate.due().empty());
  CHECK_FALSE(gate.is_over());
  gate.ran(up[0], true);
  CHECK(gate.ask(db).word == Word::yes);
  CHECK(gate.due().empty());
  gate.over(db, true);
  const auto down = gate.due();
  REQUIRE(down.size() == 1);
  CHECK_FALSE(down[0].is_set_up);
  gate.ran(down[0], true);
  CHECK(gate.is_over());
  CHECK(gate.due().empty());
}

TEST_CASE("class gate: behind what has failed nothing starts") {
  const TestRules rules = three();
  ClassGate gate(rules);
  gate.expect(of({0}));
  gate.expect(of({1}));
  gate.over(of({0}), true);
  const auto answer = gate.ask(of({1}));
  CHECK(answer.word == Word::never);
  CHECK(answer.why == "tests of class unit have failed, which come first");
  CHECK(gate.due().empty());
}

TEST_CASE("class gate: a set-up that fails, which is torn down all the same") {
  const TestRules rules = three();
  ClassGate gate(rules);
  gate.expect(of({1}));
  CHECK(gate.ask(of({1})).word == Word::wait);
  const auto up = gate.due();
  REQUIRE(up.size() == 1);
  gate.ran(up[0], false);
  const auto answer = gate.ask(of({1}));
  CHECK(answer.word == Word::failed);
  CHECK(answer.why == "the set-up of class db failed");
  gate.over(of({1}), true);
  CHECK(gate.due().size() == 1);
}

TEST_CASE("class gate: packages of several classes wait for no package that waits for them") {
  const TestRules rules = three();
  ClassGate gate(rules);
  const PackagePlan both = of({0, 2});
  const PackagePlan db = of({1});
  gate.expect(both);
  gate.expect(db);
  CHECK(gate.ask(both).word == Word::wait);
  CHECK(gate.ask(db).word == Word::wait);  // for its set-up only
  const auto up = gate.due();
  REQUIRE(up.size() == 1);
  gate.ran(up[0], true);
  CHECK(gate.ask(db).word == Word::yes);
  gate.over(db, false);
  CHECK(gate.ask(both).word == Word::yes);
}

TEST_CASE("class gate: what nobody needed is neither set up nor torn down") {
  const TestRules rules = three();
  ClassGate gate(rules);
  gate.expect(of({1}));
  gate.over(of({1}), false);  // its result was kept
  CHECK(gate.due().empty());
  CHECK(gate.is_over());
}

TEST_CASE("class gate: an early end tears down what was set up") {
  const TestRules rules = three();
  ClassGate gate(rules);
  gate.expect(of({1}));
  gate.expect(of({1}));  // that never comes
  CHECK(gate.ask(of({1})).word == Word::wait);
  gate.ran(gate.due().at(0), true);
  gate.over(of({1}), false);
  CHECK(gate.due().empty());
  gate.close();
  const auto down = gate.due();
  REQUIRE(down.size() == 1);
  CHECK_FALSE(down[0].is_set_up);
}

}  // namespace
}  // namespace sluice::runner
