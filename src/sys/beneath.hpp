// Reaching into a directory that others may write to: by no symbolic link on the way, wherever one
// is put, so that nothing outside is read, listed or removed.
//
// Blocking, from any thread.
#pragma once

#include "base/result.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sys {

// `relative` below `root` (itself as it is named, by links too); "" is root. Nothing when there is
// no such directory; Code::denied where a link or something else stands in its way. The descriptor
// is for the functions here.
Result<std::optional<Fd>> open_directory_beneath(const Path& root, std::string_view relative);

// A regular file of the directory to read; nothing when there is none, or something else.
Result<std::optional<Fd>> open_file_in(const Fd& directory, const std::string& name);
// Nothing when there is no such entry. Of a link the link itself.
Result<std::optional<FileInfo>> stat_in(const Fd& directory, const std::string& name);
Result<void> remove_file_in(const Fd& directory, const std::string& name);  // absent is fine
// As list_directory; `shown` is for messages.
Result<void> list_in(const Fd& directory, const Path& shown,
                     const std::function<Result<void>(std::string_view name)>& visit);

}  // namespace sluice::sys
