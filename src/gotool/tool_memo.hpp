// What go's tools said of themselves, remembered by inode, time and size of the tool.
//
// Files under one directory, written by rename: any number of processes. Whatever cannot be read or
// written counts as not known. Format: docs/formats/link-cache.md, "The memo of tools".
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>

namespace sluice::gotool {

struct ToolFacts {
  std::string said;              // by -V=full, newline included
  std::optional<BlobId> digest;  // of the executable, where it was asked for
};

// True for a tool of a GOROOT (…/pkg/tool/GOOS_GOARCH/NAME), whose words depend on nothing but
// itself and what the memo is keyed by.
bool is_go_tool(const sys::Path& tool);

class ToolMemo {
 public:
  ToolMemo(sys::Path directory, const sys::Environment& env)
      : directory_(std::move(directory)), env_(env) {}

  // From the memo, or by asking the tool, whose standard error is ours.
  Result<ToolFacts> facts(const sys::Path& tool, bool with_digest);

 private:
  sys::Path file_of(const sys::Path& tool) const;
  Result<ToolFacts> ask(const sys::Path& tool) const;

  sys::Path directory_;
  const sys::Environment& env_;
};

// SHA-256 of a file's content.
Result<BlobId> digest_of_file(const sys::Path& path);

}  // namespace sluice::gotool
