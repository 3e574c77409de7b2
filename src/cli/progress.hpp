// One line on a terminal that says how far long work is, rewritten in place and wiped at the end;
// silent for short work and elsewhere. What does not fit into the terminal's width is cut off.
//
// One thread at a time. Nothing fails: a line that cannot be written is not.
#pragma once

#include "base/deadline.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace sluice::cli {

inline constexpr std::chrono::milliseconds k_progress_after{500};
inline constexpr std::chrono::milliseconds k_progress_every{100};

class ProgressLine {
 public:
  // On stderr, where that is a terminal.
  explicit ProgressLine(bool wanted);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Asks for the text when it is time for it.
  void show(const std::function<std::string()>& text);
  // Before anything else is written to the terminal.
  void wipe();

 private:
  bool wanted_;
  bool shown_ = false;
  Deadline next_ = Deadline::after(k_progress_after);
};

}  // namespace sluice::cli
