#include "cli/settings.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/spelling.hpp"
#include "codec/toml.hpp"
#include "runner/test_rules.hpp"
#include "store/objects.hpp"
#include "store/store_url.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <system_error>

namespace sluice::cli {

namespace {

using Unexpected = std::unexpected<Error>;

// In a file the key must be said; a flag or a variable names its setting already.
Unexpected refuse(const Source& source, std::string_view name, std::string_view problem) {
  const bool in_file =
      source.kind == Source::Kind::user_file || source.kind == Source::Kind::checkout_file;
  if (in_file) return fail(Code::invalid, fmt::format("{}: {}: {}", source.text, name, problem));
  return fail(Code::invalid, fmt::format("{}: {}", source.text, problem));
}

std::string in_quotes(std::string_view value) {
  return fmt::format("\"{}\"", printable(value, 80));
}

std::string listed(std::span<const std::string_view> choices) {
  std::vector<std::string> words(choices.begin(), choices.end());
  return join(words, ", ");
}

bool is_domain_name(std::string_view text) {
  constexpr std::size_t k_length_max = 63;
  if (text.empty() || text.size() > k_length_max) return false;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!plain(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

// What a value may look like, by type; the problem in words when it does not.
std::optional<std::string> check_store(std::string_view value) {
  if (value.starts_with('/')) {
    return fmt::format("{} is a path, not a URL; write file://{}", in_quotes(value),
                       printable(value, 80));
  }
  const auto url = store::parse_store_url(value);
  if (!url) return url.error().message;
  return std::nullopt;
}

std::optional<std::string> set_drain_timeout(Settings& settings, std::string_view value) {
  const auto span = parse_duration(value);
  if (!span) return in_quotes(value) + " is not a time with a unit, such as 60s or 5m";
  if (*span > k_drain_timeout_max) return in_quotes(value) + " is longer than 24h";
  settings.drain_timeout = *span;
  return std::nullopt;
}

std::optional<std::string> set_patience(Settings& settings, std::string_view value) {
  const auto span = parse_duration(value);
  if (!span) return in_quotes(value) + " is not a time with a unit, such as 2s or 500ms";
  if (*span < k_store_patience_min || *span > k_store_patience_max) {
    return in_quotes(value) + " is not between 100ms and 10m";
  }
  settings.store_patience = *span;
  return std::nullopt;
}

std::optional<std::string> set_percent(Settings& settings, SettingId id, std::string_view value) {
  const auto share = parse_percent(value);
  if (!share || *share < 0.0 || *share > 1.0) {
    return in_quotes(value) + " is not a share from 0% to 100%, such as 5%";
  }
  (id == SettingId::verify ? settings.verify_share : settings.verify_tests_share) = *share;
  return std::nullopt;
}

std::optional<std::string> set_flag(Settings& settings, SettingId id, std::string_view value) {
  const auto on = parse_bool(value);
  if (!on) return in_quotes(value) + " is not true or false";
  switch (id) {
    case SettingId::read_only: settings.read_only = *on; break;
    case SettingId::no_remote: settings.no_remote = *on; break;
    case SettingId::publish_local: settings.publish_local = *on; break;
    case SettingId::quiet: settings.quiet = *on; break;
    case SettingId::keep_credentials: settings.keep_credentials = *on; break;
    default: break;
  }
  return std::nullopt;
}

std::optional<std::string> set_choice(Settings& settings, const SettingSpec& spec,
                                      std::string_view value) {
  const auto at = std::find(spec.choices.begin(), spec.choices.end(), value);
  if (at == spec.choices.end()) {
    return fmt::format("{} is not one of {}", in_quotes(value), listed(spec.choices));
  }
  const auto position = at - spec.choices.begin();
  if (spec.id == SettingId::mode) settings.mode = static_cast<Mode>(position);
  if (spec.id == SettingId::link_cache) settings.link_cache = position == 0;
  if (spec.id == SettingId::journal) settings.journal = position == 0;
  if (spec.id == SettingId::test_results) settings.tests_by_content = position == 0;
  if (spec.id == SettingId::modules) settings.modules = static_cast<Modules>(position);
  if (spec.id == SettingId::drain) settings.drain = static_cast<Drain>(position);
  return std::nullopt;
}

// Where directories are shown: a plain path of at least one element.
bool is_plain_path(std::string_view text) {
  constexpr std::size_t k_length_max = 100;
  if (text.size() < 2 || text.size() > k_length_max || !text.starts_with('/')) return false;
  const auto elements = split(text.substr(1), '/');
  return std::ranges::all_of(elements, [](std::string_view element) {
    const auto plain = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    };
    return !element.empty() && element != "." && element != ".." &&
           std::ranges::all_of(element, plain);
  });
}

std::optional<std::string> set_same_path(Settings& settings, const SettingSpec& spec,
                                         std::string_view value) {
  settings.same_path_root = gotool::k_same_path_root;
  const auto at = std::find(spec.choices.begin(), spec.choices.end(), value);
  if (at != spec.choices.end()) {
    settings.same_path = static_cast<SamePath>(at - spec.choices.begin());
    return std::nullopt;
  }
  if (!is_plain_path(value)) {
    return fmt::format(
        "{} is not one of {}, nor an absolute path of letters, digits, '.', '_', "
        "'-' and '/'",
        in_quotes(value), listed(spec.choices));
  }
  settings.same_path = SamePath::always;
  settings.same_path_root = value;
  return std::nullopt;
}

std::optional<std::string> set_value(Settings& settings, const SettingSpec& spec,
                                     std::string_view value) {
  switch (spec.type) {
    case SettingType::choice: return set_choice(settings, spec, value);
    case SettingType::flag: return set_flag(settings, spec.id, value);
    case SettingType::duration:
      return spec.id == SettingId::store_patience ? set_patience(settings, value)
                                                  : set_drain_timeout(settings, value);
    case SettingType::percent: return set_percent(settings, spec.id, value);
    case SettingType::place: return set_same_path(settings, spec, value);
    case SettingType::store_url: {
      auto problem = check_store(value);
      if (!problem) settings.store_url = value;
      return problem;
    }
    case SettingType::name:
      if (!is_domain_name(value)) {
        return in_quotes(value) +
               " is not a name: a letter a-z or a digit, then at most 62 of a-z, 0-9, '.', '_', "
               "'-'";
      }
      settings.trust_domain = value;
      return std::nullopt;
  }
  return std::nullopt;
}

Result<void> apply(Settings& settings, const SettingSpec& spec, std::string_view value,
                   Source source) {
  if (const auto problem = set_value(settings, spec, value)) {
    return refuse(source, spec.name, *problem);
  }
  if (spec.id == SettingId::store && source.kind == Source::Kind::checkout_file &&
      store::parse_store_url(value)->is_remote()) {
    return refuse(
        source, spec.name,
        "a checkout may not name a server, which would be sent credentials; it belongs in "
        "SLUICE_STORE, --store or the user's sluice/config.toml");
  }
  if (spec.id == SettingId::store && source.kind == Source::Kind::user_file) {
    settings.users_store_url = settings.store_url;
  }
  settings.sources[static_cast<std::size_t>(spec.id)] = std::move(source);
  return {};
}

// ---- files

std::string example_of(const SettingSpec& spec) {
  switch (spec.type) {
    case SettingType::store_url: return "\"file:///absolute/path\"";
    case SettingType::duration: return "\"60s\"";
    case SettingType::percent: return "\"5%\"";
    default: return fmt::format("\"{}\"", spec.fallback);
  }
}

// The text of a TOML value of the right type; the problem in words otherwise.
std::expected<std::string, std::string> text_of_entry(const SettingSpec& spec,
                                                      const codec::TomlEntry& entry) {
  if (spec.type == SettingType::flag) {
    const bool* value = std::get_if<bool>(&entry.value);
    if (value == nullptr) return std::unexpected("must be true or false, without quotes");
    return *value ? "true" : "false";
  }
  const std::string* value = std::get_if<std::string>(&entry.value);
  if (value == nullptr)
    return std::unexpected("must be text in quotes, such as " + example_of(spec));
  return *value;
}

Unexpected refuse_key(const Source& source, std::string_view key) {
  std::vector<std::string_view> names;
  for (const auto& spec : setting_specs()) names.push_back(spec.name);
  const std::string shown = printable(key, 80);
  if (const auto near = nearest_word(key, names)) {
    return refuse(source, shown, fmt::format("unknown setting; did you mean {}?", *near));
  }
  return refuse(source, shown, "unknown setting");
}

Result<void> apply_entry(Settings& settings, const codec::TomlEntry& entry, const Source& source) {
  const SettingSpec* spec = find_setting(entry.key);
  if (spec == nullptr) return refuse_key(source, entry.key);
  if (source.kind == Source::Kind::checkout_file && !spec->in_checkout_file) {
    return refuse(source, spec->name,
                  fmt::format("a checkout may not set this; it belongs in {}, --{} or the user's "
                              "sluice/config.toml",
                              spec->variable, spec->name));
  }
  const auto text = text_of_entry(*spec, entry);
  if (!text) return refuse(source, spec->name, text.error());
  return apply(settings, *spec, *text, source);
}

Result<void> apply_file(Settings& settings, const sys::Path& path, std::string_view shown,
                        Source::Kind kind) {
  auto bytes = sys::read_file(path, k_settings_file_bytes_max);
  if (!bytes) {
    // HOME may be another user's (sudo, containers): what nobody may read says nothing to us.
    const bool is_anothers = bytes.error().code == Code::denied;
    if (is_anothers && kind == Source::Kind::user_file) return {};
    return fail(Code::invalid, fmt::format("{}: {}", shown, bytes.error().message));
  }
  if (!*bytes) return {};
  auto entries = codec::parse_toml(text_of(**bytes), shown);
  if (!entries) return fail(Code::invalid, entries.error().message);
  for (const auto& entry : *entries) {
    // Those are for who runs tests (load_test_rules).
    if (kind == Source::Kind::checkout_file && entry.key.starts_with(runner::k_tests_table)) {
      continue;
    }
    const Source source{kind, fmt::format("{}:{}", shown, entry.line)};
    TRY(apply_entry(settings, entry, source));
  }
  return {};
}

bool is_there(const sys::Path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// ---- variables

// A variable of ours that is misspelt would silently change nothing: it is refused. Others have
// variables of this prefix too (SLUICE_VERSION in a pipeline), so only what is nearly one of ours
// counts as misspelt.
Result<void> check_variable_names(const sys::Environment& env) {
  constexpr std::string_view k_prefix = "SLUICE_";
  constexpr std::size_t k_short_name = 5;
  std::vector<std::string_view> known;  // without the prefix
  const auto add = [&](std::string_view name) {
    if (name.starts_with(k_prefix)) known.push_back(name.substr(k_prefix.size()));
  };
  for (const auto& spec : setting_specs()) add(spec.variable);
  for (const auto& variable : other_variables()) {
    if (!variable.internal) add(variable.name);
  }
  for (const std::string& line : env.as_list()) {
    const std::string_view name = std::string_view(line).substr(0, line.find('='));
    if (!name.starts_with(k_prefix)) continue;
    const std::string_view word = name.substr(k_prefix.size());
    if (std::ranges::find(known, word) != known.end()) continue;
    if (const auto near = nearest_word(word, known, word.size() <= k_short_name ? 1 : 2)) {
      return fail(Code::invalid, fmt::format("{}: unknown variable; did you mean {}{}?",
                                             printable(name, 80), k_prefix, *near));
    }
  }
  return {};
}

Result<void> apply_gocache(Settings& settings, const sys::Environment& env) {
  const std::string gocache = env.get_or("GOCACHE", "");
  if (gocache.empty()) return {};
  if (gocache.find("://") != std::string::npos) {
    settings.gocache_is_url = true;
    if (env.has("SLUICE_STORE")) return {};
    return apply(settings, spec_of(SettingId::store), gocache,
                 Source{Source::Kind::gocache, "GOCACHE"});
  }
  if (!gocache.starts_with('/')) {
    return fail(Code::invalid,
                fmt::format("GOCACHE: {} is neither an absolute path nor the URL of a "
                            "store",
                            in_quotes(gocache)));
  }
  return {};
}

Result<void> apply_variables(Settings& settings, const sys::Environment& env) {
  TRY(check_variable_names(env));
  for (const auto& spec : setting_specs()) {
    if (!env.has(spec.variable)) continue;
    TRY(apply(settings, spec, env.get_or(spec.variable, ""),
              Source{Source::Kind::variable, std::string(spec.variable)}));
  }
  settings.log_level = env.get_or("SLUICE_LOG", "");
  sys::LogLevel level{};
  if (!settings.log_level.empty() && !sys::parse_log_level(settings.log_level, level)) {
    return fail(Code::invalid, fmt::format("SLUICE_LOG: {} is not one of debug, info, warn, off",
                                           in_quotes(settings.log_level)));
  }
  settings.summary_file = env.get_or("SLUICE_SUMMARY", "");
  return {};
}

Result<bool> is_enabled(const sys::Environment& env) {
  const std::string text = env.get_or("SLUICE", "");
  if (text.empty()) return true;
  const auto on = parse_bool(text);
  if (!on)
    return fail(Code::invalid, fmt::format("SLUICE: {} is not one of on, off", in_quotes(text)));
  return *on;
}

// What the store in effect takes from the environment and the user's files, read before anything
// is started: a job must not learn behind its build that AWS_ENDPOINT_URL is no URL.
Result<void> check_remote_settings(const Settings& settings, const sys::Environment& env) {
  if (settings.no_remote) return {};
  TRY_ASSIGN(const store::StoreUrl url, store::parse_store_url(settings.store_url));
  if (!url.is_remote()) return {};
  sys::hide_memory();  // with credentials from here on
  const auto opened = store::open_objects(url, env);
  if (opened) return {};
  return fail(Code::invalid, fmt::format("{}: {}", settings.source_of(SettingId::store).text,
                                         opened.error().message));
}

}  // namespace

std::optional<sys::Path> find_checkout_file(const sys::Path& working_directory) {
  std::vector<sys::Path> way;  // from here upwards, at most to the root of the checkout
  std::optional<std::size_t> module_at;
  bool in_git = false;
  for (sys::Path directory = working_directory; !directory.empty();
       directory = directory.parent_path()) {
    way.push_back(directory);
    if (!module_at && (is_there(directory / "go.work") || is_there(directory / "go.mod"))) {
      module_at = way.size();
    }
    if (is_there(directory / ".git")) {
      in_git = true;
      break;
    }
    if (directory == directory.root_path()) break;
  }
  if (!in_git) way.resize(std::min(way.size(), module_at.value_or(1)));
  for (const auto& directory : way) {
    if (is_there(directory / k_checkout_file_name)) return directory / k_checkout_file_name;
  }
  return std::nullopt;
}

Result<Settings> resolve_settings(const Flags& flags, const sys::Environment& env,
                                  const sys::Path& working_directory, OffSwitch off_switch) {
  Settings settings;
  TRY_ASSIGN(settings.enabled, is_enabled(env));
  if (off_switch == OffSwitch::passed_over) settings.enabled = true;
  settings.store_url = store::file_url(sys::user_cache_directory(env) / "sluice/store");
  if (!settings.enabled) return settings;

  const sys::Path user_file = sys::user_config_directory(env) / "sluice/config.toml";
  TRY(apply_file(settings, user_file, user_file.string(), Source::Kind::user_file));
  if (const auto checkout_file = find_checkout_file(working_directory)) {
    const std::string shown = checkout_file->lexically_relative(working_directory).string();
    TRY(apply_file(settings, *checkout_file, shown, Source::Kind::checkout_file));
  }
  TRY(apply_gocache(settings, env));
  TRY(apply_variables(settings, env));
  for (const auto& spec : setting_specs()) {
    const auto& value = flags.get(spec.id);
    if (!value) continue;
    TRY(apply(settings, spec, *value, Source{Source::Kind::flag, fmt::format("--{}", spec.name)}));
  }
  TRY(check_remote_settings(settings, env));
  return settings;
}

std::vector<std::pair<std::string_view, std::string>> variables_of(const Flags& flags) {
  std::vector<std::pair<std::string_view, std::string>> variables;
  for (const auto& spec : setting_specs()) {
    if (const auto& value = flags.get(spec.id)) variables.emplace_back(spec.variable, *value);
  }
  return variables;
}

std::string value_text(const Settings& settings, SettingId id) {
  const auto word = [](bool on) { return std::string(on ? "true" : "false"); };
  const auto choice = [id](auto value) {
    return std::string(spec_of(id).choices[static_cast<std::size_t>(value)]);
  };
  switch (id) {
    case SettingId::store: return settings.store_url;
    case SettingId::mode: return choice(settings.mode);
    case SettingId::read_only: return word(settings.read_only);
    case SettingId::no_remote: return word(settings.no_remote);
    case SettingId::drain: return choice(settings.drain);
    case SettingId::drain_timeout: return fmt::format("{}ms", settings.drain_timeout.count());
    case SettingId::store_patience: return fmt::format("{}ms", settings.store_patience.count());
    case SettingId::verify: return fmt::format("{:g}%", settings.verify_share * 100.0);
    case SettingId::publish_local: return word(settings.publish_local);
    case SettingId::trust_domain: return settings.trust_domain;
    case SettingId::quiet: return word(settings.quiet);
    case SettingId::keep_credentials: return word(settings.keep_credentials);
    case SettingId::link_cache: return settings.link_cache ? "on" : "off";
    case SettingId::journal: return settings.journal ? "on" : "off";
    case SettingId::modules: return choice(settings.modules);
    case SettingId::test_results: return settings.tests_by_content ? "content" : "go";
    case SettingId::same_path:
      return settings.same_path == SamePath::always &&
                     settings.same_path_root != gotool::k_same_path_root
                 ? settings.same_path_root.native()
                 : choice(settings.same_path);
    case SettingId::verify_tests: return fmt::format("{:g}%", settings.verify_tests_share * 100.0);
  }
  return "";
}

}  // namespace sluice::cli
