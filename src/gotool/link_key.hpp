// The key of a link: everything that Go's linker reads, as one SHA-256.
//
// Reads the files that are not named by their content and, for programs with C objects, asks the C
// compiler where its support library lies. Any thread; nothing is kept. Errors: a file that cannot
// be read. The layout to the byte: docs/formats/link-cache.md.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/link_command.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::gotool {

inline constexpr std::array<std::string_view, 16> k_linker_variables = {
    "GO386",     "GOAMD64",  "GOARCH",       "GOARM",
    "GOARM64",   "GODEBUG",  "GOEXPERIMENT", "GOFIPS140",
    "GOMIPS",    "GOMIPS64", "GOOS",         "GOPPC64",
    "GORISCV64", "GOROOT",   "GOWASM",       "GO_EXTLINK_ENABLED",
};

// A file of the local tier, believed to have the SHA-256 that it is named by.
struct TrustedFile {
  sys::Path path;
  BlobId digest;
};

struct LinkKey {
  ActionId id;
  std::vector<TrustedFile> trusted;  // to be hashed before a result is stored
};

Result<LinkKey> make_link_key(const LinkCommand& command, const ImportConfig& imports,
                              const BlobId& linker, const sys::Environment& env,
                              const sys::Path& local_tier);

// The digest in the name of `<tier>/<xx>/<64 hex>-d`; nothing for every other file.
std::optional<BlobId> digest_in_name(const sys::Path& file, const sys::Path& local_tier);

}  // namespace sluice::gotool
