#include "cli/progress.hpp"

#include "base/bytes.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <string_view>

namespace sluice::cli {

namespace {

void write(std::string_view text) {
  [[maybe_unused]] const auto nobody_reads_it = sys::write_all(STDERR_FILENO, bytes_of(text));
}

}  // namespace

ProgressLine::ProgressLine(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) write("\r\x1b[K");
}

void ProgressLine::show(const std::function<std::string()>& text) {
  if (!wanted_ || !next_.passed()) return;
  next_ = Deadline::after(k_progress_every);
  shown_ = true;
  write(fmt::format("\r\x1b[Ksluice: {}", text()));
}

}  // namespace sluice::cli
