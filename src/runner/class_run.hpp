// The classes of a run at work: their set-ups and tear-downs as processes, and what those hand on
// to their tests.
//
// Belongs to the thread of its loop. A set-up that fails or takes longer than k_set_up_max is one
// that its tests do not start behind; what it said is told then. What a set-up writes to the file
// of SLUICE_ENV, a line NAME=VALUE each, its tests and its tear-down have in their environment.
#pragma once

#include "runner/class_gate.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_process.hpp"
#include "runner/test_rules.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/loop.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runner {

inline constexpr auto k_set_up_max = std::chrono::minutes(10);

using Variables = std::vector<std::pair<std::string, std::string>>;

// "NAME=VALUE" lines; empty ones and those that begin with # say nothing. Code::invalid names a
// line that is none of these.
Result<Variables> read_variables(std::string_view text);

class ClassRun {
 public:
  struct Place {
    sys::Path directory;  // of sluice.toml, where the commands run
    sys::Path scratch;    // for files of the run
    const sys::Environment& env;
  };
  struct Told {
    std::function<void(const std::string&)> tell;  // a line for people
    std::function<void()> changed;                 // packages that waited may be asked for again
  };
  // Borrows the rules and the environment.
  ClassRun(const TestRules& rules, Place place, sys::Loop& loop, Told told)
      : rules_(rules),
        place_(std::move(place)),
        loop_(loop),
        told_(std::move(told)),
        gate_(rules),
        active_(rules.classes.size()),
        given_(rules.classes.size()) {}

  void expect(const PackagePlan& plan) { gate_.expect(plan); }
  void over(const PackagePlan& plan, bool has_failed);
  ClassGate::Answer ask(const PackagePlan& plan);
  void close();  // see ClassGate
  bool is_over() const { return gate_.is_over(); }
  // What set-ups have left for the tests of a package.
  Variables variables_of(const PackagePlan& plan) const;
  void signal(int number);  // to set-ups that run; tear-downs go on

 private:
  struct Active {
    ClassGate::Step step;
    std::string said;
    std::unique_ptr<TestProcess> process;
  };
  void start_due();
  void start(const ClassGate::Step& step);
  void ended(ClassNumber number, const TestEnd& end);
  void failed(const ClassGate::Step& step, const std::string& why, std::string_view said);
  sys::Path variables_file(ClassNumber number) const;
  Result<Variables> given_by(ClassNumber number) const;

  const TestRules& rules_;
  const Place place_;
  sys::Loop& loop_;
  const Told told_;
  ClassGate gate_;
  std::vector<Active> active_;
  std::vector<Variables> given_;
};

}  // namespace sluice::runner
