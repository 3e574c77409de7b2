#include "runner/class_gate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::runner {

void ClassGate::expect(const PackagePlan& plan) {
  if (plan.classes.empty()) return;
  ++classes_[plan.classes.back()].left;
  for (const ClassNumber number : plan.classes) ++classes_[number].members;
}

void ClassGate::over(const PackagePlan& plan, bool has_failed) {
  if (plan.classes.empty()) return;
  Class& last = classes_[plan.classes.back()];
  --last.left;
  last.has_failed = last.has_failed || has_failed;
  for (const ClassNumber number : plan.classes) --classes_[number].members;
}

ClassGate::Answer ClassGate::ask(const PackagePlan& plan) {
  Answer answer;
  for (const ClassNumber number : plan.classes) {
    const TestClass& rules = rules_.classes[number];
    for (const ClassNumber before : rules.after) {
      const Class& first = classes_[before];
      if (first.has_failed) {
        return {Answer::Word::never, fmt::format("tests of class {} have failed, which come first",
                                                 rules_.classes[before].name)};
      }
      if (first.left != 0) answer.word = Answer::Word::wait;
    }
  }
  if (answer.word == Answer::Word::wait) return answer;
  for (const ClassNumber number : plan.classes) {
    Class& one = classes_[number];
    if (rules_.classes[number].set_up.empty() && one.state == State::closed) {
      one.state = State::open;
    }
    if (one.state == State::closed) one.state = State::wanted;
    if (one.state == State::refused) {
      return {Answer::Word::failed,
              fmt::format("the set-up of class {} failed", rules_.classes[number].name)};
    }
    if (one.state != State::open) answer.word = Answer::Word::wait;
  }
  return answer;
}

std::vector<ClassGate::Step> ClassGate::due() {
  std::vector<Step> steps;
  for (ClassNumber number = 0; number < classes_.size(); ++number) {
    Class& one = classes_[number];
    if (one.state == State::wanted && !is_closed_) {
      one.state = State::setting_up;
      steps.push_back({number, true});
    }
    const bool was_set_up = one.state == State::open || one.state == State::refused;
    if (was_set_up && (one.members == 0 || is_closed_)) {
      const bool has_some = !rules_.classes[number].tear_down.empty();
      one.state = has_some ? State::tearing_down : State::done;
      if (has_some) steps.push_back({number, false});
    }
  }
  return steps;
}

void ClassGate::ran(const Step& step, bool has_passed) {
  State& state = classes_[step.number].state;
  if (step.is_set_up) {
    state = has_passed ? State::open : State::refused;
  } else {
    state = State::done;
  }
}

bool ClassGate::is_over() const {
  return std::ranges::none_of(classes_, [](const Class& one) {
    return one.state == State::setting_up || one.state == State::tearing_down;
  });
}

}  // namespace sluice::runner
