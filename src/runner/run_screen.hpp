// Where a run says things: the reports of packages on stdout, lines of its own on stderr, and one
// line that tells how far it is.
//
// While a package tells as it goes nobody comes in between: what others say on stdout is held back.
// One thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::runner {

// Where a line tells how far the run is. Empty functions: nowhere.
struct Display {
  std::function<void(const std::function<std::string()>& text)> show;  // in place of the last one
  std::function<void()> wipe;  // before anything else is written
};

class RunScreen {
 public:
  // `unread`: nobody reads stdout any more.
  RunScreen(Display display, std::function<void()> unread)
      : display_(std::move(display)), unread_(std::move(unread)) {}

  void show(std::string_view text);                          // on stdout
  void show_of(const void* speaker, std::string_view text);  // nullptr: of go
  // From now on this one tells as it goes; nullptr: nobody does.
  void stream(const void* speaker);
  const void* streaming() const { return streaming_; }

  void tell(const std::string& line) { tell_raw("sluice: " + line); }
  void tell_raw(const std::string& line) { say_on_stderr(line + "\n"); }
  void say_on_stderr(std::string_view text);

  bool shows_progress() const { return static_cast<bool>(display_.show); }
  void progress(const std::function<std::string()>& text);
  void wipe();

 private:
  const Display display_;
  const std::function<void()> unread_;
  const void* streaming_ = nullptr;
  std::string held_back_;
};

}  // namespace sluice::runner
