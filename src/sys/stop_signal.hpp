// Ctrl-Z (SIGTSTP) for a process whose children are in process groups of their own, which a
// terminal does not stop.
//
// One object at a time, of the main thread. While it lives the signal stops nothing by itself.
#pragma once

namespace sluice::sys {

class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Whether it came since the last call.
  bool take();
  // Stops this process; returns when it is continued.
  static void stop_here();
};

}  // namespace sluice::sys
