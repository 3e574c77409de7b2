// When the tests of a class may start: behind the classes that it comes after and behind its
// set-up; and when its tear-down is due.
//
// Pure: told which packages there are and what becomes of them, it says what to do next. A package
// of several classes is one of the last of them, so that no two wait for each other. One thread.
#pragma once

#include "runner/test_plan.hpp"
#include "runner/test_rules.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::runner {

class ClassGate {
 public:
  explicit ClassGate(const TestRules& rules) : rules_(rules), classes_(rules.classes.size()) {}

  void expect(const PackagePlan& plan);  // one package more
  void over(const PackagePlan& plan, bool has_failed);

  struct Answer {
    enum class Word { yes, wait, never, failed } word = Word::yes;  // its set-up has failed
    std::string why;                                                // for the last two
  };
  // Of a package that is ready. Where its classes need a set-up, that is due from now on.
  Answer ask(const PackagePlan& plan);

  struct Step {
    ClassNumber number = 0;
    bool is_set_up = true;  // else the tear-down
  };
  // What is to be run now. Each once.
  std::vector<Step> due();
  void ran(const Step& step, bool has_passed);
  // Nothing runs, and nothing more is asked for: what was set up is torn down.
  void close() { is_closed_ = true; }
  // Nothing is due and nothing runs.
  bool is_over() const;

 private:
  enum class State { closed, wanted, setting_up, open, refused, tearing_down, done };
  struct Class {
    State state = State::closed;
    std::size_t left = 0;     // packages that are not over, each in its last class
    std::size_t members = 0;  // the same, in each of their classes
    bool has_failed = false;
  };

  const TestRules& rules_;
  std::vector<Class> classes_;
  bool is_closed_ = false;
};

}  // namespace sluice::runner
