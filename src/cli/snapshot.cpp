#include "cli/snapshot.hpp"

#include "agent/index_keeper.hpp"
#include "agent/job_trust.hpp"
#include "agent/snapshot_shelf.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/key_template.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "gotool/same_path.hpp"
#include "store/scope.hpp"
#include "store/secrets.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace sluice::cli {

namespace {

using agent::SnapshotPlace;
using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr auto k_heads_max = std::chrono::seconds(20);
constexpr auto k_transfer_max = std::chrono::minutes(30);

// What both commands are asked for, checked.
struct Asked {
  Setup setup;
  std::string name;
  std::string key;
  std::vector<SnapshotPlace> places;
  std::vector<std::string> excludes;
  std::unique_ptr<store::Objects> objects;  // null: no store is used
  agent::Scopes scopes;                     // of snapshots of this name
  agent::JobTrust trust;
};

// "~/x" is below HOME, also where no shell has said so.
Result<sys::Path> place_path(const std::string& text, const Setup& setup,
                             const sys::Environment& env) {
  sys::Path path = text;
  if (text == "~" || text.starts_with("~/")) {
    const std::string home = env.get_or("HOME", "");
    if (home.empty()) return fail(Code::invalid, fmt::format("--path {}: HOME is not set", text));
    path = sys::Path(home) / text.substr(std::min<std::size_t>(2, text.size()));
  }
  path = (setup.working_directory / path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

Result<std::vector<SnapshotPlace>> places_of(const Invocation& invocation, const Setup& setup,
                                             const sys::Environment& env) {
  std::vector<SnapshotPlace> places;
  for (std::string text : invocation.list_of("path")) {
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    TRY_ASSIGN(sys::Path path, place_path(text, setup, env));
    if (path == path.root_path()) return fail(Code::invalid, "--path: not all of /");
    for (const SnapshotPlace& other : places) {
      if (gotool::lies_within(path, other.path) || gotool::lies_within(other.path, path)) {
        return fail(Code::invalid, fmt::format("--path: {} and {} are one in the other",
                                               printable(other.text), printable(text)));
      }
    }
    places.push_back({std::move(text), std::move(path)});
  }
  if (places.empty()) return fail(Code::invalid, "say what: --path PATH");
  if (places.size() > store::k_snapshot_roots_max) {
    return fail(Code::invalid, fmt::format("more than {} paths", store::k_snapshot_roots_max));
  }
  return places;
}

Result<Asked> asked_of(const Invocation& invocation, const sys::Environment& env) {
  Asked asked;
  asked.name = invocation.operand;
  if (!store::is_snapshot_name(asked.name)) {
    return fail(
        Code::invalid,
        fmt::format("\"{}\" is no name: letters, digits, ., _ and -, at most {}, the first a "
                    "letter or digit",
                    printable(asked.name, 200), store::k_snapshot_name_max));
  }
  if (!invocation.has("key")) return fail(Code::invalid, "say which state it is: --key KEY");
  TRY_ASSIGN(asked.setup, set_up(invocation.flags, env, current_directory()));
  auto key = expand_key(invocation.option_or("key", ""), asked.setup, env);
  if (!key) return std::unexpected(std::move(key).error().in("--key"));
  asked.key = std::move(*key);
  TRY_ASSIGN(asked.places, places_of(invocation, asked.setup, env));
  asked.excludes = invocation.list_of("exclude");
  const agent::AgentConfig& config = asked.setup.config;
  if (config.store_url.empty()) return asked;
  TRY_ASSIGN(const auto url, store::parse_store_url(config.store_url));
  TRY_ASSIGN(asked.objects, store::open_objects(url, env));
  asked.scopes =
      agent::snapshot_scopes(agent::scopes_of_job(config, store::without_secrets(env)), asked.name);
  asked.trust = agent::trust_of(config, *asked.objects, env);
  return asked;
}

std::string no_store_text(const Setup& setup) {
  if (!setup.settings.enabled) return "SLUICE=off";
  return fmt::format("no store is used ({})", setup.settings.source_of(SettingId::no_remote).text);
}

std::chrono::milliseconds since(std::chrono::steady_clock::time_point started) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               started);
}

agent::SnapshotProgress progress_on(ProgressLine& line, std::string_view what) {
  return [&line, what](std::uint64_t done, std::uint64_t total) {
    line.show(
        [&] { return fmt::format("{}: {} of {}", what, format_size(done), format_size(total)); });
  };
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// The snapshot that is most like what will be saved. Where it cannot be read there is none: then
// more is sent.
std::optional<agent::Snapshot> snapshot_before(const Asked& asked,
                                               const store::ListedScopes& listed,
                                               Deadline deadline) {
  if (listed.manifests.empty()) return std::nullopt;
  const auto chosen = agent::choose_snapshot(listed.manifests, asked.key, {""});
  auto snapshot =
      agent::load_snapshot(*asked.objects, asked.trust.trust, *chosen->listed, deadline);
  if (!snapshot) return std::nullopt;
  return std::move(*snapshot);
}

agent::SaveOptions save_options(const Asked& asked) {
  const agent::AgentConfig& config = asked.setup.config;
  agent::SaveOptions options;
  options.domain = config.domain;
  options.trust = asked.trust.trust;
  options.scopes = asked.scopes.write;
  options.info.job_name = asked.key;
  options.info.job_id = asked.key;
  options.info.job_run = config.job_run;
  options.info.go_version = config.go_version;
  options.info.platform = agent::platform_name();
  options.info.producer = config.producer;
  options.info.created_ns = unix_now_ns();
  // More than there are processors: while one thread waits for the store another compresses.
  options.threads = std::clamp(2 * std::thread::hardware_concurrency(), 8U, 32U);
  return options;
}

// What keeps a job from saving, where that is its settings.
std::string reason_not_to_save(const Asked& asked) {
  if (asked.objects == nullptr) return no_store_text(asked.setup);
  if (asked.setup.config.read_only) {
    return fmt::format("the store is read-only ({})",
                       asked.setup.settings.source_of(SettingId::read_only).text);
  }
  if (asked.trust.fault) return asked.trust.fault->message;
  return "";
}

Result<Saved> save(const Asked& asked, ProgressLine& line) {
  const auto started = std::chrono::steady_clock::now();
  Saved saved{.name = asked.name, .key = asked.key, .report = {}, .trouble = {}};
  TRY_ASSIGN(agent::SnapshotSource source, agent::read_source(asked.places, asked.excludes));
  saved.files = source.files;
  saved.bytes = source.bytes;
  saved.specials = source.specials;
  saved.trouble = reason_not_to_save(asked);
  if (!saved.trouble.empty()) return saved;
  const auto listed = store::list_scopes(*asked.objects, asked.trust.trust, asked.scopes.read,
                                         Deadline::after(k_heads_max));
  const auto before = snapshot_before(asked, listed, Deadline::after(k_heads_max));
  auto report = agent::save_snapshot(*asked.objects, std::move(source), before ? &*before : nullptr,
                                     save_options(asked), progress_on(line, "saving"),
                                     Deadline::after(k_transfer_max));
  if (report) {
    saved.report = std::move(*report);
  } else if (!agent::is_of_store(report.error())) {
    return std::unexpected(std::move(report).error());
  } else {
    saved.trouble = report.error().message;
  }
  saved.took = since(started);
  return saved;
}

Result<Restored> restore(const Asked& asked, const std::vector<std::string>& fallbacks,
                         bool replaces, ProgressLine& line) {
  const auto started = std::chrono::steady_clock::now();
  Restored restored{.name = asked.name,
                    .key = asked.key,
                    .from_key = {},
                    .scope = {},
                    .report = {},
                    .trouble = {}};
  if (asked.objects == nullptr) {
    restored.trouble = no_store_text(asked.setup);
    return restored;
  }
  const store::Trust& trust = asked.trust.trust;
  const auto listed =
      store::list_scopes(*asked.objects, trust, asked.scopes.read, Deadline::after(k_heads_max));
  const auto chosen = agent::choose_snapshot(listed.manifests, asked.key, fallbacks);
  if (!chosen) {
    if (!listed.faults.empty()) restored.trouble = listed.faults.front().message;
    return restored;
  }
  const auto snapshot =
      agent::load_snapshot(*asked.objects, trust, *chosen->listed, Deadline::after(k_heads_max));
  if (!snapshot) {
    restored.trouble = snapshot.error().message;
    return restored;
  }
  agent::RestoreOptions options;
  options.replaces = replaces;
  // By the rights of who may save, and only what no other domain relies on.
  options.drops_damaged =
      !asked.setup.config.read_only && chosen->listed->domain == asked.setup.config.domain;
  options.excludes = asked.excludes;
  auto report =
      agent::restore_snapshot(*asked.objects, *snapshot, asked.places, options,
                              progress_on(line, "restoring"), Deadline::after(k_transfer_max));
  if (report) {
    restored.from_key = chosen->key();
    restored.scope = store::name_of(chosen->listed->from);
    restored.is_exact = chosen->is_exact;
    restored.report = std::move(*report);
  } else if (!agent::is_of_store(report.error())) {
    return std::unexpected(std::move(report).error());
  } else {
    restored.trouble = report.error().message;
  }
  restored.took = since(started);
  return restored;
}

}  // namespace

std::string saved_text(const Saved& saved) {
  std::string text = fmt::format("{}: {}, {}", printable(saved.name),
                                 counted(saved.files, "file", "files"), format_size(saved.bytes));
  if (!saved.trouble.empty()) {
    return text + fmt::format("; not kept: {}\n", printable(saved.trouble, 500));
  }
  text += fmt::format("; kept as {}", printable(saved.key, 200));
  if (saved.report.is_unchanged) {
    text += ", as it was before";
  } else {
    text += fmt::format(": {} new, {} up", format_size(saved.report.bytes_new),
                        format_size(saved.report.bytes_up));
  }
  text += fmt::format(" in {}", format_seconds(saved.took));
  if (saved.specials > 0) {
    text += fmt::format("; left out: {}", counted(saved.specials, "pipe, socket or device",
                                                  "pipes, sockets and devices"));
  }
  for (const Error& fault : saved.report.faults) text += "; " + printable(fault.message, 300);
  return text + "\n";
}

std::string saved_json(const Saved& saved) {
  JsonArray faults;
  for (const Error& fault : saved.report.faults) faults.emplace_back(fault.message);
  return Json(JsonObject{{"name", saved.name},
                         {"key", saved.key},
                         {"kept", saved.trouble.empty()},
                         {"reason", saved.trouble},
                         {"unchanged", saved.report.is_unchanged},
                         {"files", saved.files},
                         {"bytes", saved.bytes},
                         {"bytes_new", saved.report.bytes_new},
                         {"bytes_up", saved.report.bytes_up},
                         {"left_out", saved.specials},
                         {"faults", std::move(faults)},
                         {"took_ms", static_cast<std::uint64_t>(saved.took.count())}})
             .dump() +
         "\n";
}

std::string restored_text(const Restored& restored) {
  if (!restored.trouble.empty()) {
    return fmt::format("{}: nothing was restored: {}\n", printable(restored.name),
                       printable(restored.trouble, 500));
  }
  if (restored.from_key.empty()) {
    return fmt::format("{}: there is no {}\n", printable(restored.name),
                       printable(restored.key, 200));
  }
  std::string text =
      fmt::format("{}: {} ({}, {})", printable(restored.name), printable(restored.from_key, 200),
                  restored.is_exact ? "exact" : "fallback", restored.scope);
  if (restored.report.files > 0 || restored.report.kept.empty()) {
    text += fmt::format(": {}, {} ({} down in {})", counted(restored.report.files, "file", "files"),
                        format_size(restored.report.bytes), format_size(restored.report.bytes_down),
                        format_seconds(restored.took));
  }
  for (const std::string& kept : restored.report.kept) {
    text += fmt::format("; {} is there already, and stays (--replace)", printable(kept, 200));
  }
  return text + "\n";
}

std::string restored_json(const Restored& restored) {
  JsonArray kept;
  for (const std::string& place : restored.report.kept) kept.emplace_back(place);
  return Json(JsonObject{{"name", restored.name},
                         {"key", restored.key},
                         {"restored", !restored.from_key.empty()},
                         {"exact", restored.is_exact},
                         {"from_key", restored.from_key},
                         {"scope", restored.scope},
                         {"reason", restored.trouble},
                         {"files", restored.report.files},
                         {"bytes", restored.report.bytes},
                         {"bytes_down", restored.report.bytes_down},
                         {"kept", std::move(kept)},
                         {"took_ms", static_cast<std::uint64_t>(restored.took.count())}})
             .dump() +
         "\n";
}

int run_save(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const auto asked = asked_of(invocation, env);
  if (!asked) return report(Error(asked.error()).in("save"));
  ProgressLine line(!invocation.has("json"));
  const auto saved = save(*asked, line);
  if (!saved) return report(Error(saved.error()).in("save"));
  print(invocation.has("json") ? saved_json(*saved) : saved_text(*saved));
  return 0;
}

int run_restore(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const auto asked = asked_of(invocation, env);
  if (!asked) return report(Error(asked.error()).in("restore"));
  std::vector<std::string> fallbacks;
  for (const std::string& text : invocation.list_of("fallback")) {
    auto key = expand_key(text, asked->setup, env);
    if (!key) return report(std::move(key).error().in("restore: --fallback"));
    fallbacks.push_back(std::move(*key));
  }
  ProgressLine line(!invocation.has("json"));
  const auto restored = restore(*asked, fallbacks, invocation.has("replace"), line);
  if (!restored) return report(Error(restored.error()).in("restore"));
  print(invocation.has("json") ? restored_json(*restored) : restored_text(*restored));
  return 0;
}

}  // namespace sluice::cli
