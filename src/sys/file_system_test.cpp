#include "sys/file_system.hpp"

#include <doctest/doctest.h>

namespace sluice::sys {
namespace {

TEST_CASE("what is behind a network is told from what is not") {
  CHECK(file_system_kind(0x6969).name == "NFS");
  CHECK(file_system_kind(0x6969).place == FileSystemPlace::remote);
  CHECK(file_system_kind(0xFF534D42).place == FileSystemPlace::remote);
  CHECK(file_system_kind(0x65735546).place == FileSystemPlace::foreign);
  CHECK(file_system_kind(0xEF53).place == FileSystemPlace::local);      // ext4
  CHECK(file_system_kind(0x794C7630).place == FileSystemPlace::local);  // overlayfs
}

TEST_CASE("a path that is there, and one that is not yet") {
  const auto proc = file_system_of("/proc/self");
  REQUIRE(proc);
  CHECK(proc->place == FileSystemPlace::local);
  CHECK(file_system_of("/proc/nothing/of/this/name").has_value());
  CHECK_FALSE(file_system_of("nothing-of-this-name/x").has_value());
}

}  // namespace
}  // namespace sluice::sys
