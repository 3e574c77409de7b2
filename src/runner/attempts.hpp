// Attempts of tests that failed, at work: one process at a time, when all else has ended.
//
// Belongs to the thread of its loop. Which tests, and what their ends mean, Retries knows.
#pragma once

#include "runner/retries.hpp"
#include "runner/run_package.hpp"
#include "runner/test_process.hpp"
#include "sys/loop.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace sluice::runner {

class Attempts {
 public:
  struct Host {
    std::function<Package&(TaskNumber)> package;
    std::function<TestCommand(Package&)> command;  // of all of its tests
    std::function<void(const std::string&)> tell;  // a line for people
    std::function<void(const Retries::Verdict&)> decided;
    std::function<void()> ended;  // an attempt: the next one may begin, where all else has ended
    bool explains = false;        // each attempt is told
  };
  Attempts(sys::Loop& loop, Host host) : loop_(loop), host_(std::move(host)) {}

  void ran(std::size_t tests) { retries_.ran(tests); }
  bool take(const FailedPackage& failed) { return retries_.take(failed); }
  // All else has ended: begins the next one. `now_s` of the run, for people.
  void next(double now_s);
  // Nothing is begun any more; what waits has failed.
  void stop() { is_stopped_ = true; }

 private:
  void ended(TaskNumber number, const TestEnd& end);

  sys::Loop& loop_;
  const Host host_;
  Retries retries_;
  bool is_running_ = false;
  bool is_stopped_ = false;
};

}  // namespace sluice::runner
