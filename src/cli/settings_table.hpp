// The one table of sluice's settings: name, flag, variable, file key, type, trust and words for
// people.
//
// The parser, the refusals, help, manual pages, completions and docs/guide/configuration.md all
// read this table, so that none of them can say what another does not. Constant data: any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice::cli {

enum class SettingId {
  store,
  mode,
  read_only,
  no_remote,
  drain,
  drain_timeout,
  store_patience,
  verify,
  publish_local,
  trust_domain,
  quiet,
  link_cache,
  test_results,
  verify_tests,
  journal,
  same_path,
  modules,
  keep_credentials,
};
inline constexpr std::size_t k_setting_count = 18;

enum class SettingType {
  store_url,  // file:///absolute/path
  choice,     // one of `choices`
  flag,       // true or false
  duration,   // "60s"
  percent,    // "5%"
  place,      // one of `choices`, or an absolute path
  name,       // [a-z0-9][a-z0-9._-]{0,62}
};

struct SettingSpec {
  SettingId id;
  std::string_view name;      // key in sluice.toml; the flag is "--" and this
  std::string_view variable;  // SLUICE_...
  SettingType type;
  std::string_view value_name;  // what help shows for the value; empty for a flag
  std::span<const std::string_view> choices;
  std::string_view fallback;  // the default, as a person would write it
  bool in_checkout_file;      // whether sluice.toml of a checkout may set it
  std::string_view help;      // one line, no full stop
  std::string_view detail;    // whole sentences for the manual and the guide
};

// In the order people read them; the position equals the id.
std::span<const SettingSpec> setting_specs();
const SettingSpec& spec_of(SettingId id);
// Null pointer when there is no such setting.
const SettingSpec* find_setting(std::string_view name);

// Variables that are read but are no settings of the table.
struct VariableSpec {
  std::string_view name;
  std::string_view value_name;
  std::string_view help;  // one line, no full stop
  bool internal;          // set by sluice for its own processes; not shown to people
};
std::span<const VariableSpec> other_variables();

}  // namespace sluice::cli
