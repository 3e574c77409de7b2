// The HTTP backend: any web server that takes GET, HEAD, PUT and DELETE of paths, and bazel-remote.
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

namespace sluice::store {

Result<std::unique_ptr<Objects>> open_http(const StoreUrl& url, const sys::Environment& env);

}  // namespace sluice::store
