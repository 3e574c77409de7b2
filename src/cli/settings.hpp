// The resolved settings of one command, each with the place it came from.
//
// resolve_settings reads flags, SLUICE_* variables, sluice.toml of the checkout and the user's
// config.toml, in that precedence, and checks every value it finds, used or overridden. It changes
// nothing and keeps no state: any thread. Every refusal is Code::invalid with one line that names
// the setting and where it stands.
#pragma once

#include "base/result.hpp"
#include "cli/settings_table.hpp"
#include "gotool/same_path.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::cli {

enum class Mode { automatic, cacheprog, restore };
enum class Drain { automatic, wait, detach };
enum class SamePath { off, automatic, always };
enum class Modules { automatic, on, off };
// SLUICE=off is for what would add a cache to a command; `gc`, `env` and `agent` work all the same.
enum class OffSwitch { respected, passed_over };

struct Source {
  enum class Kind { fallback, user_file, checkout_file, gocache, variable, flag };
  Kind kind = Kind::fallback;
  std::string text = "default";  // "--drain", "SLUICE_DRAIN", "sluice.toml:3", "default"
};

// Values of flags as they were written; "true" for a flag without a value.
struct Flags {
  std::array<std::optional<std::string>, k_setting_count> values;

  void set(SettingId id, std::string value) {
    values[static_cast<std::size_t>(id)] = std::move(value);
  }
  const std::optional<std::string>& get(SettingId id) const {
    return values[static_cast<std::size_t>(id)];
  }
};

struct Settings {
  bool enabled = true;  // false: SLUICE=off, and nothing else here was read
  std::string store_url;
  std::string users_store_url;  // what the user's own file names; empty when it names none
  Mode mode = Mode::automatic;
  bool read_only = false;
  bool no_remote = false;
  Drain drain = Drain::automatic;
  std::chrono::milliseconds drain_timeout{60'000};
  std::chrono::milliseconds store_patience{2000};
  double verify_share = 0.0;  // 0..1
  bool publish_local = false;
  std::string trust_domain = "trusted";
  bool quiet = false;
  bool link_cache = true;
  bool tests_by_content = true;
  double verify_tests_share = 0.0;  // 0..1
  bool journal = true;
  Modules modules = Modules::automatic;
  bool keep_credentials = false;
  SamePath same_path = SamePath::off;
  sys::Path same_path_root = gotool::k_same_path_root;

  bool gocache_is_url = false;  // GOCACHE names a store, so it names no directory
  std::string log_level;        // SLUICE_LOG as given; empty: none
  sys::Path summary_file;       // SLUICE_SUMMARY; empty: none
  std::array<Source, k_setting_count> sources;

  const Source& source_of(SettingId id) const { return sources[static_cast<std::size_t>(id)]; }
};

inline constexpr std::uint64_t k_settings_file_bytes_max = 64U << 10U;
inline constexpr std::chrono::milliseconds k_drain_timeout_max = std::chrono::hours(24);
inline constexpr std::chrono::milliseconds k_store_patience_min{100};
inline constexpr std::chrono::milliseconds k_store_patience_max = std::chrono::minutes(10);
inline constexpr std::string_view k_checkout_file_name = "sluice.toml";

Result<Settings> resolve_settings(const Flags& flags, const sys::Environment& env,
                                  const sys::Path& working_directory,
                                  OffSwitch off_switch = OffSwitch::respected);

// sluice.toml of the checkout that `working_directory` lies in: the nearest one on the way up to
// the directory with .git; without one, up to the nearest go.work or go.mod; else only here.
std::optional<sys::Path> find_checkout_file(const sys::Path& working_directory);

// The flags as SLUICE_* variables, so that a sluice started by the command resolves the same.
std::vector<std::pair<std::string_view, std::string>> variables_of(const Flags& flags);

// The value in effect, as one would write it ("60s", "detach", "true").
std::string value_text(const Settings& settings, SettingId id);

}  // namespace sluice::cli
