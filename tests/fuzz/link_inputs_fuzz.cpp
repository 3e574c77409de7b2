// Any bytes as a package's archive and as a linked program: what a linker of Go's would read of
// them is looked at, and nothing else happens.
#include "gotool/link_mode.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const sys::Fd fd(::memfd_create("input", MFD_CLOEXEC));
  if (!fd) std::abort();
  if (!sys::write_all(fd.get(), ByteView(reinterpret_cast<const std::byte*>(data), size))) {
    std::abort();
  }
  const sys::Path path = fmt::format("/proc/self/fd/{}", fd.get());
  const bool strict = gotool::check_archive(path, "net", false).has_value();
  const bool lenient = gotool::check_archive(path, "net", true).has_value();
  if (strict && !lenient) std::abort();  // who allows more refuses less
  // A package that is not of the linker's list may hold no C objects, whoever allows them.
  const bool other = gotool::check_archive(path, "example.com/x", true).has_value();
  if (other && !strict) std::abort();
  (void)gotool::check_program(path);
  return 0;
}
