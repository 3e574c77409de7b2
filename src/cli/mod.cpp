#include "cli/mod.hpp"

#include "base/units.hpp"
#include "cli/agent_door.hpp"
#include "cli/command_record.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "codec/json.hpp"
#include "gotool/modules.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

namespace sluice::cli {

namespace {

// Why there is nothing to bring anything for or from; empty where there is.
std::string refusal(const Setup& setup, const sys::Environment& env) {
  if (setup.config.store_url.empty()) {
    return fmt::format("mod restore: no store is used ({})",
                       setup.settings.source_of(SettingId::no_remote).text);
  }
  if (setup.config.module_cache.empty()) {
    return "mod restore: no module cache is known: neither GOMODCACHE, GOPATH nor HOME is set";
  }
  if (setup.config.module_root.empty() && !gotool::go_work_file(env, setup.working_directory)) {
    return fmt::format("mod restore: {}: no go.mod and no go.work here or above",
                       setup.working_directory.native());
  }
  return "";
}

}  // namespace

std::string modules_text(const ModulesBrought& modules) {
  if (modules.needed == 0) return "no module of the module cache is needed\n";
  std::string text =
      fmt::format("{} {} needed, {} there; {} brought", modules.needed,
                  modules.needed == 1 ? "module" : "modules", modules.there, modules.brought);
  if (modules.brought > 0) {
    text +=
        fmt::format(" ({} in {})", format_size(modules.bytes_down), format_seconds(modules.took));
  }
  if (modules.not_stored() > 0) {
    text += fmt::format("; {} not in the store: go fetches what it needs of them",
                        modules.not_stored());
  }
  if (modules.failed > 0) text += fmt::format("; {} did not come", modules.failed);
  return text + "\n";
}

std::string modules_json(const ModulesBrought& modules) {
  return codec::Json(
             codec::JsonObject{{"needed", modules.needed},
                               {"there", modules.there},
                               {"brought", modules.brought},
                               {"not_stored", modules.not_stored()},
                               {"failed", modules.failed},
                               {"bytes_down", modules.bytes_down},
                               {"took_ms", static_cast<std::uint64_t>(modules.took.count())}})
             .dump() +
         "\n";
}

int run_mod(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  auto setup = set_up(invocation.flags, env, current_directory());
  if (!setup) return report(setup.error());
  if (!setup->settings.enabled) {
    say("mod restore: SLUICE=off: nothing is brought");
    return 0;
  }
  if (const std::string why = refusal(*setup, env); !why.empty()) {
    return report(Error{Code::invalid, why});
  }
  setup->config.command_id = new_command_id();
  const Command command{setup->executable, {"sluice", "mod", invocation.operand}};
  AgentDoor door(setup->config, env);
  record_beginning(*setup, command, env);
  const auto started = std::chrono::steady_clock::now();
  const auto modules = bring_modules(door, *setup, modules_asked(*setup, {}, env), env, Again::now);
  Summary summary = finish_command(door, setup->config, std::chrono::milliseconds(0));
  sys::ExitStatus status;
  status.code = modules ? 0 : k_exit_usage;
  summary.modules_brought = modules ? modules->brought : 0;
  record_end(*setup, summary, status,
             std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::steady_clock::now() - started));
  for (const auto& fault : summary.untold_faults) say(fault);
  if (!modules) return report(Error(modules.error()).in("mod restore"));
  print(invocation.has("json") ? modules_json(*modules) : modules_text(*modules));
  return 0;
}

}  // namespace sluice::cli
