// The S3 backend: AWS, MinIO and what speaks the same.
//
// open_s3 reads the configuration (environment and AWS files) and no network: errors are
// Code::invalid with the variable or file. What goes wrong later comes out of the calls, as
// store/objects.hpp says, retried where that may help. Credentials stay inside.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/objects.hpp"
#include "store/store_url.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <memory>

namespace sluice::store {

// Larger objects are sent in parts of this size (or what k_s3_parts_max asks for), a few at a time.
inline constexpr std::uint64_t k_s3_multipart_min = 64ULL << 20U;
inline constexpr std::uint64_t k_s3_part_size = 16ULL << 20U;
inline constexpr std::uint64_t k_s3_parts_max = 10'000;
inline constexpr std::size_t k_s3_parts_at_once = 4;
// The empty object, below a domain, with which a server is asked whether it honours conditions.
inline constexpr std::string_view k_s3_probe = "v1/probe/conditions";

// A signature that is further than 15 minutes from the server's clock is refused: then this
// machine's clock, which `now_ns` reads, is wrong, and requests are signed by the server's.
Result<std::unique_ptr<Objects>> open_s3(const StoreUrl& url, const sys::Environment& env,
                                         UnixNanos (*now_ns)() = unix_now_ns);

}  // namespace sluice::store
