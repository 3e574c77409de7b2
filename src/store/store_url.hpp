// Where a store is, as the user writes it: file:///absolute/directory.
//
// A value that holds no secret; any thread. Errors are one line that quotes what was written:
// Code::invalid for what is no URL or no usable path, Code::unsupported for a scheme that this
// program does not speak.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr std::size_t k_store_url_size_max = 4096;

struct StoreUrl {
  std::string scheme;  // lower case: "file"
  sys::Path path;      // decoded, absolute, without "." and ".." and trailing '/'

  // The same text for every spelling of the same place: keys agents and index copies.
  std::string identity() const;
};

// "file:///dir", percent-encoding decoded; no host (but "localhost"), query or fragment.
Result<StoreUrl> parse_store_url(std::string_view text);
// The URL of a folder.
std::string file_url(const sys::Path& directory);

}  // namespace sluice::store
