// Between go's tools and the run of tests that started go: which result is known, which program is
// linked, which package is vetted.
//
// A TestDoor listens and calls its handlers, each on a thread of its own, until it is destroyed;
// the functions are for the tools, block until the deadline, and say nothing when nobody answers.
// Format: docs/formats/test-door.md.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace sluice::agent {

// The name by which go starts sluice in place of a test (-exec): it ends with success at once.
inline constexpr std::string_view k_tested_name = "sluice-tested";

bool ask_whether_known(const sys::Path& door, std::string_view package, std::string_view action,
                       Deadline deadline);
// What go is, by the session that it has started: its environment is not that of whoever started
// it.
Result<void> tell_go(const sys::Path& door, const sys::Environment& env, const sys::Path& directory,
                     Deadline deadline);
Result<void> tell_linked(const sys::Path& door, std::string_view package, std::string_view action,
                         const sys::Path& program, Deadline deadline);
Result<void> tell_vetted(const sys::Path& door, std::string_view package, bool passed,
                         Deadline deadline);

class TestDoor {
 public:
  // Called on any thread, several at once; each holds up the tool that asks.
  struct Handlers {
    std::function<void(const sys::Environment& env, const sys::Path& directory)> go;
    std::function<bool(const std::string& package, const std::string& action)> is_known;
    std::function<void(const std::string& package, const std::string& action,
                       const sys::Path& program)>
        linked;
    std::function<void(const std::string& package, bool passed)> vetted;
  };

  // The directory of `path` is there, and nobody else listens at it.
  static Result<std::unique_ptr<TestDoor>> open(sys::Path path, Handlers handlers);
  TestDoor(sys::Path path, Handlers handlers, sys::Fd listener);  // for open()
  ~TestDoor();
  TestDoor(const TestDoor&) = delete;
  TestDoor& operator=(const TestDoor&) = delete;

 private:
  struct Visit {
    std::thread thread;
    std::atomic<bool> is_over = false;
  };
  void listen();
  void serve(const sys::Fd& socket) const;
  std::string answer(std::string_view request) const;

  const sys::Path path_;
  const Handlers handlers_;
  const sys::Fd listener_;
  std::atomic<bool> is_ending_ = false;
  std::list<Visit> visits_;  // of the listening thread
  std::thread thread_;
};

}  // namespace sluice::agent
