// A store in a folder: a local directory or a mounted disk, shared by any number of processes.
//
// Implements every promise of store/objects.hpp, conditions included; any thread. Errors as there.
// How keys become files, and what lies beside them: docs/formats/remote.md, "The folder backend".
#pragma once

#include "base/result.hpp"
#include "store/objects.hpp"
#include "sys/file.hpp"

#include <memory>

namespace sluice::store {

// Files up to this size have the SHA-256 of their content as etag, larger ones what stat tells.
inline constexpr std::uint64_t k_folder_hashed_etag_max = 1ULL << 20U;
// A temporary file this old belongs to a writer that is dead.
inline constexpr UnixNanos k_folder_leftover_age_ns = 24LL * 60 * 60 * 1'000'000'000;

// `root` is absolute; nothing is created before the first put.
std::unique_ptr<Objects> open_folder(sys::Path root);

}  // namespace sluice::store
