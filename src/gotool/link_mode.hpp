// Whether Go's linker did a link alone or called a C linker, told from what it read and made.
//
// A C linker reads files that nobody named, so its results are not cached. Reads the headers of
// archives and of the program only. Any thread; nothing is kept. Code::unsupported with the reason
// when a C linker was or may have been called, else the operating system's error.
#pragma once

#include "base/result.hpp"
#include "gotool/link_command.hpp"
#include "sys/file.hpp"

#include <string_view>

namespace sluice::gotool {

// One package's archive: no object that only a C linker understands. `allow_host_objects` as
// ImportConfig::may_have_host_objects.
Result<void> check_archive(const sys::Path& archive, std::string_view package,
                           bool allow_host_objects);
// An ELF program without what every C linker leaves in it; other formats pass.
Result<void> check_program(const sys::Path& program);

}  // namespace sluice::gotool
