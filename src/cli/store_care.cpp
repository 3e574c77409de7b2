#include "cli/store_care.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "store/collector.hpp"
#include "store/store_url.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::cli {

Result<StoreCare> care_for_store(const Invocation& invocation, const sys::Environment& env,
                                 std::string_view command, bool writes) {
  StoreCare care;
  TRY_ASSIGN(care.setup,
             set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over));
  const Settings& settings = care.setup.settings;
  if (care.setup.config.store_url.empty()) {
    return fail(Code::invalid, fmt::format("{}: no store is used ({})", command,
                                           settings.source_of(SettingId::no_remote).text));
  }
  if (writes && settings.read_only) {
    return fail(Code::invalid, fmt::format("{}: the store is read-only ({})", command,
                                           settings.source_of(SettingId::read_only).text));
  }
  TRY_ASSIGN(const auto url, store::parse_store_url(care.setup.config.store_url));
  TRY_ASSIGN(care.objects, store::open_objects(url, env));
  care.name = care.objects->describe();
  if (settings.source_of(SettingId::trust_domain).kind != Source::Kind::fallback) {
    care.domains = {settings.trust_domain};
    return care;
  }
  if (!care.objects->capabilities().list) {
    return fail(Code::unsupported,
                fmt::format("{}: {} cannot list: that belongs on its server", command, care.name));
  }
  auto domains = store::list_domains(*care.objects);
  if (!domains) return std::unexpected(std::move(domains).error().in(command));
  care.domains = std::move(*domains);
  return care;
}

Result<std::optional<std::uint64_t>> size_option(const Invocation& invocation,
                                                 std::string_view command, std::string_view name) {
  if (!invocation.has(name)) return std::nullopt;
  const std::string text = invocation.option_or(name, "");
  const bool has_unit =
      text == "0" || (!text.empty() && !(text.back() >= '0' && text.back() <= '9'));
  const auto size = has_unit ? parse_size(text) : std::nullopt;
  if (size) return size;
  return fail(Code::invalid,
              fmt::format("{}: --{}: \"{}\" is not a size with a unit, such as 10GiB", command,
                          name, printable(text, 80)));
}

Result<std::optional<std::chrono::milliseconds>> time_option(const Invocation& invocation,
                                                             std::string_view command,
                                                             std::string_view name) {
  if (!invocation.has(name)) return std::nullopt;
  const std::string text = invocation.option_or(name, "");
  const auto time = parse_duration(text);
  if (time) return time;
  return fail(Code::invalid, fmt::format("{}: --{}: \"{}\" is not a time with a unit, such as 5d",
                                         command, name, printable(text, 80)));
}

}  // namespace sluice::cli
