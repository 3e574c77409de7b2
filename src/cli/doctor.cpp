#include "cli/doctor.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace sluice::cli {

namespace {

using codec::Json;
using codec::JsonObject;
using store::Checkup;

constexpr auto k_examination_max = std::chrono::seconds(60);
// What a signature may be off on AWS and MinIO before they refuse it.
constexpr double k_clock_off_max_s = 900;
// Whole seconds in the store's answer, and the way there.
constexpr double k_clock_noise_s = 2;

double ms_of(std::chrono::microseconds span) { return static_cast<double>(span.count()) / 1000; }

std::string rate_text(const std::optional<double>& bytes_per_second) {
  if (!bytes_per_second) return "unknown";
  return format_size(static_cast<std::uint64_t>(*bytes_per_second)) + "/s";
}

std::string condition_text(const std::optional<bool>& honoured) {
  if (!honoured) return "unknown";
  return *honoured ? "honoured" : "not honoured: of two writers at once one may lose its update";
}

std::string clock_text(double ahead_s, bool signs) {
  const double off = std::abs(ahead_s);
  if (off <= k_clock_noise_s) return "the same as the store's, to a second or two";
  return fmt::format(
      "{:.0f} s {} the store's{}", off, ahead_s > 0 ? "ahead of" : "behind",
      signs && off > k_clock_off_max_s ? ": requests are signed by the store's" : "");
}

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
Json json_of(const std::optional<bool>& value) { return value ? Json(*value) : Json(); }

}  // namespace

std::string checkup_text(std::string_view store, std::string_view domain, const Checkup& found) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{:<12}{}\n", name, value);
  };
  line("store", store);
  line("domain", domain);
  for (const Checkup::Ability& ability : found.abilities) {
    std::string value = ability.asked ? "yes" : "not tried";
    if (ability.problem) {
      value = fmt::format("no{}: {}", ability.needed ? "" : " (a job does without)",
                          printable(ability.problem->message, 500));
    }
    line(ability.name, value);
  }
  if (found.latency.count() > 0) {
    line("latency", fmt::format("{:.1f} ms; the first answer took {:.1f} ms, with its connection",
                                ms_of(found.latency), ms_of(found.first_answer)));
  }
  if (found.up_bytes_per_second || found.down_bytes_per_second) {
    line("rate", fmt::format("{} down on {} connections, {} up on one",
                             rate_text(found.down_bytes_per_second), store::k_checkup_streams,
                             rate_text(found.up_bytes_per_second)));
    line("if-absent", condition_text(found.if_absent));
    line("if-match", condition_text(found.if_match));
  }
  if (found.clock_ahead_s)
    line("clock", clock_text(*found.clock_ahead_s, store.starts_with("s3://")));
  return text;
}

Json checkup_json(std::string_view store, std::string_view domain, const Checkup& found) {
  JsonObject abilities;
  for (const Checkup::Ability& ability : found.abilities) {
    JsonObject one{{"needed", ability.needed}};
    one.emplace_back("ok", ability.asked ? Json(!ability.problem.has_value()) : Json());
    if (ability.problem) one.emplace_back("problem", ability.problem->message);
    abilities.emplace_back(ability.name, std::move(one));
  }
  return JsonObject{
      {"store", std::string(store)},
      {"domain", std::string(domain)},
      {"usable", found.is_usable()},
      {"abilities", std::move(abilities)},
      {"first_answer_ms", ms_of(found.first_answer)},
      {"latency_ms", ms_of(found.latency)},
      {"down_bytes_per_second", json_of(found.down_bytes_per_second)},
      {"up_bytes_per_second", json_of(found.up_bytes_per_second)},
      {"if_absent", json_of(found.if_absent)},
      {"if_match", json_of(found.if_match)},
      {"clock_ahead_s", json_of(found.clock_ahead_s)},
  };
}

int run_doctor(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  const agent::AgentConfig& config = setup->config;
  if (config.store_url.empty()) {
    return report({Code::invalid, "doctor: no store: SLUICE_NO_REMOTE or sluice.toml says so"});
  }
  auto url = store::parse_store_url(config.store_url);
  if (!url) return report(url.error());
  auto objects = store::open_objects(*url, env);
  if (!objects) return report(objects.error());
  const Checkup found = store::examine(**objects, config.domain, config.read_only,
                                       Deadline::after(k_examination_max));
  const std::string name = (*objects)->describe();
  print(invocation.has("json") ? checkup_json(name, config.domain, found).dump() + "\n"
                               : checkup_text(name, config.domain, found));
  return found.is_usable() ? 0 : k_exit_failure;
}

}  // namespace sluice::cli
