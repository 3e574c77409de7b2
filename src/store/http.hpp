// The HTTP backend: any web server that takes GET, HEAD, PUT and DELETE of paths, and what speaks
// Bazel's HTTP caching protocol (GET, HEAD and PUT of /cas/<hash> and /ac/<hash>:
// https://bazel.build/remote/caching#http-caching), bazel-remote above all.
//
// open_http reads settings (SLUICE_TOKEN, netrc, proxies, roots) and no network: Code::invalid with
// the variable. It cannot list, and takes conditions for ignored: docs/formats/remote.md says what
// that costs and how keys become paths.
#pragma once

#include "base/result.hpp"
#include "store/objects.hpp"
#include "store/store_url.hpp"
#include "sys/environment.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace sluice::store {

// Where an object lies on a server of Bazel's protocol: "cas/<hash>" for what is named by the
// SHA-256 of its bytes, which the server checks; "ac/<SHA-256 of the key>" for everything else.
std::string bazel_path(std::string_view key);

Result<std::unique_ptr<Objects>> open_http(const StoreUrl& url, const sys::Environment& env);

}  // namespace sluice::store
