#include "sys/log.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::sys;

namespace {

std::string content_of(const Path& path) {
  const auto bytes = read_file(path, 64U << 20U);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

// Standard error goes to a file while this lives.
class StderrTo {
 public:
  explicit StderrTo(const Path& path) : saved_(::dup(2)) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ::dup2(file.get(), 2);
  }
  ~StderrTo() { ::dup2(saved_.get(), 2); }
  StderrTo(const StderrTo&) = delete;
  StderrTo& operator=(const StderrTo&) = delete;

 private:
  Fd saved_;
};

}  // namespace

TEST_CASE("levels have names") {
  LogLevel level = LogLevel::off;
  CHECK(parse_log_level("debug", level));
  CHECK(level == LogLevel::debug);
  CHECK(parse_log_level("warn", level));
  CHECK(level == LogLevel::warn);
  CHECK_FALSE(parse_log_level("verbose", level));
  CHECK_FALSE(parse_log_level("", level));
  CHECK_FALSE(parse_log_level("WARN", level));
  CHECK(level == LogLevel::warn);
}

TEST_CASE("lines go to stderr until a file is named, and only at their level") {
  const auto directory = TempDirectory::create("sluice-log-test-");
  REQUIRE(directory);
  const Path errors = directory->path() / "stderr";
  const Path log = directory->path() / "agent.log";
  set_log_level(LogLevel::info);
  {
    const StderrTo redirected(errors);
    log_debug("hidden {}", 1);
    log_info("shown {}", 2);
    log_warn("shown {} too", 3);
  }
  const std::string said = content_of(errors);
  CHECK(said.find("hidden") == std::string::npos);
  CHECK(said.find("info: shown 2\n") != std::string::npos);
  CHECK(said.find("shown 3 too\n") != std::string::npos);
  CHECK(said.starts_with("sluice["));

  CHECK_FALSE(log_to_file(errors / "below-a-file"));
  REQUIRE(log_to_file(log));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int n = 0; n < 100; ++n) log_info("thread {} line {} {}", i, n, std::string(200, '.'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = content_of(log);
  CHECK(std::count(text.begin(), text.end(), '\n') == 400);
  CHECK((stat_file(log).value()->mode & 0777U) == 0600);
  CHECK(content_of(errors) == said);

  SUBCASE("a log past its bound makes room once") {
    const std::string line(64U << 10U, 'x');
    for (int i = 0; i < 200; ++i) log_warn("{}", line);
    std::uint64_t total = 0;
    int files = 0;
    REQUIRE(list_directory(directory->path(), [&](std::string_view name) -> Result<void> {
      if (!name.starts_with("agent")) return {};
      ++files;
      const auto info = stat_file(directory->path() / name).value();
      total += info->size;
      CHECK((info->mode & 0777U) == 0600);
      return {};
    }));
    CHECK(files == 2);
    CHECK(total <= 2 * (4U << 20U));
  }
  set_log_level(LogLevel::off);
  log_warn("nothing");
  CHECK(content_of(log).find("nothing") == std::string::npos);
}
