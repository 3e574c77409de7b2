#include "agent/bare_command.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

namespace sluice::agent {

TEST_CASE("a go has one id, whoever asks, and no other process has it") {
  const std::string id = bare_command_id(::getpid());
  REQUIRE(id.size() == 19);
  CHECK(id == bare_command_id(::getpid()));
  CHECK(id != bare_command_id(::getppid()));
  CHECK(is_bare_command(id));
  CHECK(is_bare_command(""));
  CHECK_FALSE(is_bare_command("4f2-18f3ab"));
  CHECK(bare_command_id(-1).empty());
}

}  // namespace sluice::agent
