#include "runner/run_screen.hpp"

#include "base/bytes.hpp"
#include "sys/file.hpp"

#include <unistd.h>

namespace sluice::runner {

void RunScreen::wipe() {
  if (display_.wipe) display_.wipe();
}

void RunScreen::show(std::string_view text) {
  wipe();
  if (!sys::write_all(STDOUT_FILENO, bytes_of(text))) unread_();
}

void RunScreen::show_of(const void* speaker, std::string_view text) {
  if (streaming_ == nullptr || streaming_ == speaker) return show(text);
  held_back_ += text;
}

void RunScreen::stream(const void* speaker) {
  streaming_ = speaker;
  if (streaming_ == nullptr && !held_back_.empty()) show(std::exchange(held_back_, {}));
}

void RunScreen::say_on_stderr(std::string_view text) {
  wipe();
  (void)sys::write_all(STDERR_FILENO, bytes_of(text));
}

void RunScreen::progress(const std::function<std::string()>& text) {
  if (display_.show) display_.show(text);
}

}  // namespace sluice::runner
