#include "sys/process_identity.hpp"

#include "sys/process.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

namespace sluice::sys {
namespace {

std::string with_pid(const std::string& mine, pid_t pid) {
  const auto start = mine.rfind('/');
  const auto number = mine.rfind('/', start - 1);
  return fmt::format("{}/{}{}", mine.substr(0, number), pid, mine.substr(start));
}

TEST_CASE("process identity: whoever lives has not ended") {
  const std::string mine = process_identity();
  REQUIRE_FALSE(mine.empty());
  CHECK(mine == process_identity());
  CHECK_FALSE(has_ended(mine));
}

TEST_CASE("process identity: an ended process has, and so has one whose id another has now") {
  const auto status = run_captured({"/bin/sh", {"sh", "-c", "echo $$"}, {}, {}, {}, {}, {}, {}},
                                   Deadline::after(std::chrono::seconds(20)));
  REQUIRE(status);
  const std::string mine = process_identity();
  CHECK(has_ended(with_pid(mine, std::stoi(status->output))));
  CHECK(has_ended(mine + "1"));  // our id, started at another time
}

TEST_CASE("process identity: of what cannot be seen from here nothing is known") {
  const std::string mine = process_identity();
  CHECK_FALSE(has_ended(""));
  CHECK_FALSE(has_ended("x" + mine));
  CHECK_FALSE(has_ended(mine.substr(0, mine.rfind('/', mine.rfind('/') - 1) + 1)));
  CHECK_FALSE(has_ended(mine.substr(0, mine.rfind('/'))));
  CHECK_FALSE(has_ended(mine.substr(0, mine.find('/')) + "/pid:[1]/1/1"));
}

}  // namespace
}  // namespace sluice::sys
