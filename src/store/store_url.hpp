// Where a store is, as the user writes it: file:///absolute/directory, s3://bucket/prefix,
// http(s)://host/path or, of a server of Bazel's caching protocol, bazel+http(s)://host/path.
//
// A value that holds no secret (a URL with a user or a password in it is refused); any thread.
// Errors are one line that quotes what was written where that is no secret: Code::invalid for what
// is no URL or no usable path, Code::unsupported for a scheme that this program does not speak.
#pragma once

#include "base/result.hpp"
#include "net/url.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr std::size_t k_store_url_size_max = 4096;
inline constexpr std::size_t k_store_prefix_size_max = 256;  // beside a key, below S3's 1024

struct StoreUrl {
  std::string scheme;  // lower case: "file", "s3", "http", "https"
  sys::Path path;      // of file: decoded, absolute, without "." and ".." and trailing '/'
  std::string bucket;  // of s3
  std::string prefix;  // of s3 and http: keys begin with it; no '/' at its ends, may be empty
  net::Url web;        // of http: the server; its path is in prefix
  bool bazel = false;  // of http: the server knows /cas and /ac only

  // It is reached over a network and may be sent credentials.
  bool is_remote() const { return scheme != "file"; }
  // The same text for every spelling of the same place: keys agents and index copies.
  std::string identity() const;
};

// "file:///dir", percent-encoding decoded; no host (but "localhost"), query or fragment.
// "s3://bucket/prefix" and "https://host:port/prefix": the prefix is elements of [A-Za-z0-9._~-]
// and '/', which no server sees differently.
Result<StoreUrl> parse_store_url(std::string_view text);
// What there is instead of a scheme that nobody here speaks.
Error unknown_scheme(std::string_view scheme);
// The URL of a folder.
std::string file_url(const sys::Path& directory);

}  // namespace sluice::store
