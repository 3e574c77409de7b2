#include "cli/modules.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "gotool/build_list.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/goproxy.hpp"
#include "gotool/module_archive.hpp"
#include "sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::cli {

namespace {

constexpr auto k_bring_max = std::chrono::minutes(5);
// What decides the build list. As words of GOFLAGS, behind those that are there: the last counts.
constexpr auto k_flags = std::to_array<std::string_view>({"mod", "modfile"});

// A build list has modules that no command of it needs: what the store had not is not asked for
// again before every command.
constexpr std::int64_t k_asked_again_ns = std::int64_t{3600} * 1'000'000'000;
constexpr std::uint64_t k_note_bytes_max = 4096;

using agent::Client;
using codec::Json;
using gotool::SummedModule;

sys::Path asked_file(const Setup& setup) {
  const std::string place =
      fmt::format("{}\n{}\n{}\n{}", setup.config.module_root.native(),
                  setup.config.module_cache.native(), setup.config.store_url, setup.config.domain);
  constexpr std::size_t k_digits = 16;
  return setup.config.cache_directory / "modules" /
         to_hex(sha256(bytes_of(place))).substr(0, k_digits);
}

std::string digest_of(const std::vector<SummedModule>& missing) {
  Sha256 hash;
  for (const SummedModule& module : missing) {
    hash.update(bytes_of(gotool::module_action(module).hex()));
  }
  return hash.finish_as<BlobId>().hex();
}

bool was_asked(const Setup& setup, const std::vector<SummedModule>& missing) {
  const sys::Path file = asked_file(setup);
  const auto info = sys::stat_file(file);
  if (!info || !*info) return false;
  const std::int64_t age_ns = unix_now_ns() - (*info)->mtime_ns;
  if (age_ns < 0 || age_ns > k_asked_again_ns) return false;
  const auto bytes = sys::read_file(file, k_note_bytes_max);
  return bytes && *bytes && text_of(**bytes) == digest_of(missing);
}

void note_asked(const Setup& setup, const std::vector<SummedModule>& missing) {
  const sys::Path file = asked_file(setup);
  if (!sys::make_directories(file.parent_path(), 0700)) return;  // then it is asked again
  [[maybe_unused]] const auto else_asked_again =
      sys::write_file_atomic(file, bytes_of(digest_of(missing)), 0600);
}

void drop_those_there(const Setup& setup, std::vector<SummedModule>& modules) {
  std::erase_if(modules, [&setup](const SummedModule& module) {
    return gotool::is_module_there(setup.config.module_cache, module);
  });
}

Result<std::vector<SummedModule>> needed_modules(const agent::ModulesAsked& asked,
                                                 const sys::Environment& env) {
  sys::Environment go_env = env;
  go_env.set("GOFLAGS", asked.goflags);
  go_env.set("GOWORK", asked.gowork);
  return gotool::needed_modules(go_env, asked.working_directory);
}

Result<std::vector<SummedModule>> missing_modules(const Setup& setup,
                                                  const agent::ModulesAsked& asked,
                                                  const sys::Environment& env) {
  TRY_ASSIGN(auto modules, needed_modules(asked, env));
  drop_those_there(setup, modules);
  return modules;
}

std::optional<std::string> goproxy_with_agent(AgentDoor& door, const Setup& setup,
                                              const agent::ModulesAsked& asked,
                                              const sys::Environment& env) {
  const auto variable = env.get("GOPROXY");
  // A sluice around this one has done so.
  if (variable && gotool::goproxy_without(*variable) != variable) return std::nullopt;
  const auto reply = door.ask(
      [&asked](Client& client) -> Result<Json> {
        TRY_ASSIGN(std::string url, client.module_proxy(asked));
        return Json(codec::JsonObject{{"url", std::move(url)}});
      },
      AgentDoor::IfGone::give_up);
  const std::string url = reply ? reply->text_or("url", "") : "";
  if (url.empty()) return std::nullopt;
  return gotool::goproxy_with(url, variable,
                              gotool::go_env_value(env, "GOPROXY", setup.go).value_or(""));
}

}  // namespace

bool carries_modules(const Setup& setup) {
  if (setup.config.store_url.empty() || setup.config.module_cache.empty()) return false;
  switch (setup.settings.modules) {
    case Modules::on: return true;
    case Modules::off: return false;
    case Modules::automatic: break;
  }
  // On one machine the module cache itself is what there is to share.
  return setup.settings.source_of(SettingId::store).kind != Source::Kind::fallback;
}

agent::ModulesAsked modules_asked(const Setup& setup, const std::vector<std::string>& words,
                                  const sys::Environment& env) {
  agent::ModulesAsked asked;
  asked.working_directory = setup.working_directory.native();
  asked.goflags = gotool::go_env_value(env, "GOFLAGS", setup.go).value_or("");
  asked.gowork = gotool::go_env_value(env, "GOWORK", setup.go).value_or("");
  for (const std::string_view flag : k_flags) {
    const auto value = gotool::go_flag_value(words, flag);
    const auto word = value ? gotool::quote_go_word(fmt::format("-{}={}", flag, *value))
                            : std::optional<std::string>();
    if (word) asked.goflags += (asked.goflags.empty() ? "" : " ") + *word;
  }
  return asked;
}

Result<ModulesBrought> bring_modules(AgentDoor& door, const Setup& setup,
                                     const agent::ModulesAsked& asked, const sys::Environment& env,
                                     Again again) {
  const auto started = std::chrono::steady_clock::now();
  TRY_ASSIGN(auto missing, needed_modules(asked, env));
  ModulesBrought modules;
  modules.needed = missing.size();
  drop_those_there(setup, missing);
  modules.there = modules.needed - missing.size();
  if (missing.empty() || (again == Again::later && was_asked(setup, missing))) return modules;
  const auto reply = door.ask(
      [&asked](Client& client) -> Result<Json> {
        auto answer = client.bring_modules(asked, k_bring_max);
        if (!answer) return std::unexpected(std::move(answer).error().in("modules"));
        return answer;
      },
      AgentDoor::IfGone::start_another);
  if (!reply) return modules;
  modules.was_asked = true;
  // The agent counts what it found, which may be less by now than was missing here.
  modules.brought = std::min(count_of(*reply, "brought"), modules.needed - modules.there);
  modules.failed =
      std::min(count_of(*reply, "failed"), modules.needed - modules.there - modules.brought);
  modules.bytes_down = count_of(*reply, "bytes_down");
  modules.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  if (reply->bool_or("is_known", false) && modules.failed == 0) {
    drop_those_there(setup, missing);
    note_asked(setup, missing);
  }
  return modules;
}

std::optional<std::string> goproxy_for(AgentDoor& door, const Setup& setup,
                                       const agent::ModulesAsked& asked,
                                       const ModulesBrought& brought,
                                       const std::vector<std::string>& words,
                                       const sys::Environment& env) {
  const bool has_missed = brought.was_asked && brought.brought + brought.there < brought.needed;
  if (!has_missed && !gotool::parse_go_words(words).fetches_modules) return std::nullopt;
  return goproxy_with_agent(door, setup, asked, env);
}

std::optional<std::string> goproxy_of_job(AgentDoor& door, const Setup& setup,
                                          const agent::ModulesAsked& asked,
                                          const sys::Environment& env) {
  // What an earlier job of this shell has left leads to an agent that is gone.
  sys::Environment own = env;
  if (const auto variable = env.get("GOPROXY")) {
    if (const auto kept = gotool::goproxy_without(*variable))
      own.set("GOPROXY", *kept);
    else
      own.unset("GOPROXY");
  }
  const std::string effective = gotool::go_env_value(own, "GOPROXY", setup.go).value_or("");
  if (!own.has("GOPROXY") && effective.find('@') != std::string::npos) return std::nullopt;
  return goproxy_with_agent(door, setup, asked, own);
}

void start_bringing_modules(AgentDoor& door, const Setup& setup, const agent::ModulesAsked& asked,
                            const sys::Environment& env) {
  const auto missing = missing_modules(setup, asked, env);
  if (!missing || missing->empty()) return;  // what is wrong with go.sum go itself says
  (void)door.ask(
      [&asked](Client& client) -> Result<Json> {
        TRY(client.start_bringing_modules(asked));
        return Json(codec::JsonObject{});
      },
      AgentDoor::IfGone::give_up);
  door.close();  // its answer is for nobody
}

void keep_modules(AgentDoor& door, const agent::ModulesAsked& asked) {
  (void)door.ask(
      [&asked](Client& client) -> Result<Json> {
        TRY(client.keep_modules(asked));
        return Json(codec::JsonObject{});
      },
      AgentDoor::IfGone::start_another);
}

}  // namespace sluice::cli
