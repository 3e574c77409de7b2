#include "gotool/goproxy.hpp"

#include <fmt/format.h>

namespace sluice::gotool {

std::string goproxy_with(std::string_view url, const std::optional<std::string>& variable,
                         std::string_view effective) {
  const bool is_set = variable && !variable->empty();
  return fmt::format("{}{}|{}", url, is_set ? "" : k_goproxy_unset,
                     effective.empty() ? k_goproxy_default : effective);
}

std::optional<std::string> goproxy_without(const std::string& value) {
  const auto bar = value.find('|');
  const std::string_view first = std::string_view(value).substr(0, bar);
  const bool is_ours =
      bar != std::string::npos && first.starts_with("http://127.0.0.1:") &&
      first.find(std::string("/") + std::string(k_module_proxy_mark)) != std::string_view::npos;
  if (!is_ours) return value;
  if (first.ends_with(k_goproxy_unset)) return std::nullopt;
  return value.substr(bar + 1);
}

}  // namespace sluice::gotool
