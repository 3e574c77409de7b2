// Cuts content where the content says so, so that an insertion moves no cut but those near it.
//
// FastCDC with normalised chunking (Xia et al., USENIX ATC 2016) over a gear hash. Pure functions:
// any thread. Where two versions cut differently they only share less: a chunk is named by what is
// in it.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>

namespace sluice::codec {

inline constexpr std::size_t k_chunk_min = std::size_t{64} << 10U;
inline constexpr std::size_t k_chunk_average = std::size_t{256} << 10U;
inline constexpr std::size_t k_chunk_max = std::size_t{1} << 20U;

// The length of the first chunk of `bytes`, which hold k_chunk_max or all that there is. At least
// k_chunk_min where there is as much; 0 of nothing.
std::size_t chunk_length(ByteView bytes);

}  // namespace sluice::codec
