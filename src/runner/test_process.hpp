// One test binary that runs, or the go that builds it: its output as it comes, its time limits, and
// how it ended.
//
// Belongs to the thread of its loop, which calls back; the callbacks may destroy it. A test leads a
// process group of its own, with no input and one pipe for both outputs. Destroyed before its end
// the whole group is killed. Source: runTestActor of cmd/go/internal/test/test.go.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"
#include "sys/loop.hpp"
#include "sys/process.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

struct TestCommand {
  sys::Path program;
  std::vector<std::string> arguments;  // argv, [0] included
  sys::Environment environment;
  sys::Path directory;
  std::chrono::milliseconds quit_after{0};  // then it is asked for its goroutines; 0: never
  std::chrono::milliseconds wait_delay{0};  // for its output after its end; 0: for ever
  // Of this terminal, as any command: only its output is read here. That is go itself.
  bool is_foreground = false;
  int error_fd = -1;  // where what it says on stderr goes; -1: with its output, go's own to ours
};

struct TestEnd {
  sys::ExitStatus status;
  double elapsed_s = 0;
  sys::Spent spent;
  bool was_told_to_quit = false;      // it ran too long
  bool is_output_incomplete = false;  // somebody else kept the pipe open
};

inline bool has_succeeded(const TestEnd& end) {
  return end.status.success() && !end.is_output_incomplete;
}

class TestProcess {
 public:
  using OnOutput = std::function<void(std::string_view)>;
  using OnEnd = std::function<void(const TestEnd&)>;

  static Result<std::unique_ptr<TestProcess>> start(sys::Loop& loop, const TestCommand& command,
                                                    OnOutput on_output, OnEnd on_end);
  // For start().
  TestProcess(sys::Loop& loop, sys::Child child, sys::Fd output, sys::Fd ended,
              const TestCommand& command, OnOutput on_output, OnEnd on_end);
  ~TestProcess();
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;

  pid_t pid() const { return child_.pid(); }
  void signal_all(int signal) const;  // to the whole group

 private:
  void read_output();
  void quit();
  void look_for_end();
  void ended();
  void finish();
  void stop_reading();
  sys::Loop::Timer after(std::chrono::milliseconds span, void (TestProcess::*then)());

  sys::Loop& loop_;
  sys::Child child_;
  sys::Fd output_;
  sys::Fd ended_fd_;  // readable when it has ended; empty: the kernel is older than that
  const bool leads_group_;
  const std::chrono::milliseconds wait_delay_;
  const OnOutput on_output_;
  const OnEnd on_end_;
  const std::chrono::steady_clock::time_point started_;
  TestEnd end_;
  bool has_ended_ = false;
  sys::Loop::Timer timer_ = 0;       // until it is told to quit, and then until it is killed
  sys::Loop::Timer wait_timer_ = 0;  // for its output
  sys::Loop::Timer look_timer_ = 0;
};

// How go says that a process has failed: "exit status 2", "signal: killed".
std::string failure_words(const sys::ExitStatus& status);

}  // namespace sluice::runner
