// A view of a store that knows no ranges: what it sends whole is kept for a while, so that several
// ranges of one pack bring it once.
//
// Any thread; who asks for what another thread is bringing waits for it. Keeps packs (and what the
// doctor wrote), which never change, the most recently used up to k_whole_bytes_max; everything
// else is passed on.
#pragma once

#include "store/objects.hpp"

#include <cstdint>
#include <memory>

namespace sluice::store {

inline constexpr std::uint64_t k_whole_bytes_max = 32ULL << 20U;

std::unique_ptr<Objects> with_whole_objects(std::unique_ptr<Objects> objects);

}  // namespace sluice::store
