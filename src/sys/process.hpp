// Child processes: started with posix_spawn, never fork; waited for by pid; signals passed through.
//
// A Child is waited for once by its owner, one thread at a time; one that nobody waits for stays a
// zombie until this process ends. Children inherit no descriptor of ours but the three standard
// ones, and no disposition of signals that this program chose for itself. A file of a
// format that the kernel does not know is run by /bin/sh, as execvp(3) does, and one that somebody
// has open for writing is tried again for a second. Errors name the
// program: Code::not_found and Code::denied come from starting it, Code::timeout from waiting.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::sys {

struct SpawnOptions {
  Path program;                        // a path, not searched for in PATH
  std::vector<std::string> arguments;  // argv, [0] included
  Environment environment;
  Path working_directory;  // empty: this process's
  // It outlives whoever starts it: a process group of its own, so that a terminal's signals do not
  // reach it, every other descriptor closed, all signals as after a login. Not a session of its
  // own: Linux gives each session an equal share of the CPUs (autogroup), and nice would count for
  // nothing between it and the rest of the job.
  bool detached = false;
  // Leads a process group of its own, so that kill(-pid) reaches all of it; a terminal's signals do
  // not. Else as usual: it ends with whoever waits for it.
  bool leads_group = false;
  // Each -1 inherits this process's descriptor.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
};

struct ExitStatus {
  int code = 0;    // when not killed
  int signal = 0;  // when killed, else 0
  bool success() const { return signal == 0 && code == 0; }
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

// What a process took until its end, with those below it that were waited for.
struct Spent {
  std::chrono::microseconds cpu{0};
  std::uint64_t memory_peak = 0;  // of the largest of them, in bytes
};

class Child {
 public:
  pid_t pid() const { return pid_; }
  const Spent& spent() const { return spent_; }  // after its end was waited for
  Result<ExitStatus> wait();
  // Nothing when it still runs at the deadline.
  Result<std::optional<ExitStatus>> wait_until(Deadline deadline);
  void send_signal(int signal) const;

 private:
  friend Result<Child> spawn(const SpawnOptions&);
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  Spent spent_;
};

Result<Child> spawn(const SpawnOptions& options);

// Runs to its end and captures at most `output_max` bytes of stdout (the rest is dropped); stdin is
// empty and stderr dropped unless `options` give them. Killed at the deadline (Code::timeout).
struct Captured {
  ExitStatus status;
  std::string output;
};
Result<Captured> run_captured(const SpawnOptions& options, Deadline deadline,
                              std::size_t output_max = 1U << 20U);

// While it lives, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGWINCH do not end this
// process: those that the terminal sends reach the child's process group by themselves, the others
// (sent by kill(1) to sluice alone) are passed on to `child`. What was ignored before stays
// ignored. At most one at a time, from the main thread. Made before the child is started it leaves
// no moment in which a signal ends sluice alone: what comes before set_child() is passed on by it.
class SignalForwarder {
 public:
  SignalForwarder();
  explicit SignalForwarder(pid_t child);
  ~SignalForwarder();
  void set_child(pid_t child);
  // The SIGINT, SIGTERM, SIGHUP or SIGQUIT that came, from wherever, else 0: whoever sent it wants
  // an end.
  int ending_signal() const;
  bool was_told_to_end() const { return ending_signal() != 0; }
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;
};

// Replaces this process. Returns only on failure.
Error exec(const Path& program, const std::vector<std::string>& arguments, const Environment& env);
// Ends this process by the signal that ended its child, so that the caller sees the same status.
[[noreturn]] void die_by_signal(int signal);
// A reader that is gone (SIGPIPE) and a file above the limit (SIGXFSZ) are errors of the write.
void ignore_write_signals();
// This process ends by itself (SIGALRM) if it still lives then.
void end_process_after(unsigned seconds);
// For a process that ends with its input: what a terminal sends to the whole group is not meant for
// it.
void ignore_interrupts();
// Standard streams that are closed become ones that cannot be written: else the next file or socket
// that is opened would get their output. To be called before anything is opened.
void hold_standard_streams();
// Takes SIGCHLD's default back: under a parent that ignored it nobody could wait for a child.
void expect_children();
// No core file of this process, wherever cores go, and no reading of its memory and environment by
// others of this user: it holds secrets. What it starts is as before.
void hide_memory();
// Lowers the calling thread's share of the processor (nice value 0..19). Without a right that few
// have it cannot be taken back, not even by the thread itself.
void lower_thread_priority(int nice_value);
// Readable when the child has ended, until it is waited for; empty on a kernel without it (before
// 5.3).
Fd end_descriptor(pid_t child);
// False when no process has this id (one of another user counts, and so does a zombie).
bool process_exists(pid_t pid);

}  // namespace sluice::sys
