#include "cli/progress.hpp"

#include "base/bytes.hpp"
#include "sys/fd.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string_view>

namespace sluice::cli {

namespace {

void write(std::string_view text) {
  [[maybe_unused]] const auto nobody_reads_it = sys::write_all(STDERR_FILENO, bytes_of(text));
}

std::size_t columns() {
  constexpr std::size_t k_columns_usual = 80;
  winsize size{};
  const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return is_known ? size.ws_col : k_columns_usual;
}

}  // namespace

ProgressLine::ProgressLine(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { wipe(); }

void ProgressLine::wipe() {
  if (shown_) write("\r\x1b[K");
  shown_ = false;
}

void ProgressLine::show(const std::function<std::string()>& text) {
  if (!wanted_ || !next_.passed()) return;
  next_ = Deadline::after(k_progress_every);
  shown_ = true;
  const std::string line = "sluice: " + text();
  write("\r\x1b[K" + line.substr(0, columns() - 1));  // a full line would begin another
}

}  // namespace sluice::cli
