// GOPROXY with the agent's module proxy before the user's own list, and the way back.
//
// Pure functions: any thread. "|" behind an entry has go ask the next one after any error, so that
// an agent that is gone costs nothing. Source: https://go.dev/ref/mod#goproxy-protocol and
// cmd/go/internal/modfetch/proxy.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::gotool {

// First element of the path of the agent's address.
inline constexpr std::string_view k_module_proxy_mark = "sluice-modules-";
// Behind that address where GOPROXY was not in the environment.
inline constexpr std::string_view k_goproxy_unset = "/unset";
inline constexpr std::string_view k_goproxy_default = "direct";  // without GOROOT/go.env

// `variable`: GOPROXY in the environment; `effective`: what go would use without us.
std::string goproxy_with(std::string_view url, const std::optional<std::string>& variable,
                         std::string_view effective);
// GOPROXY as it would be in the environment without us.
std::optional<std::string> goproxy_without(const std::string& value);

}  // namespace sluice::gotool
