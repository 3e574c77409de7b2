// What is wrong, for a cache, with the environment that go would run in here and now.
//
// advise_on_environment is pure; gather_facts reads the environment that it is given, stats files
// and starts nothing. Any thread; no errors: what cannot be found out is not said.
#pragma once

#include "base/deadline.hpp"
#include "gotool/toolchain.hpp"
#include "insight/finding.hpp"
#include "insight/pipeline_advice.hpp"
#include "sys/environment.hpp"
#include "sys/file_system.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sluice::insight {

// Entries of GOCACHE that were looked at: 16 of its 256 directories.
struct SampledEntries {
  std::size_t seen = 0;
  std::size_t restored_old = 0;  // older than go keeps any, and given that time afterwards
  bool has_trim_txt = false;
  bool trim_txt_was_restored = false;  // the file came later than the time in it
};

struct EnvironmentFacts {
  sys::Path gocache;
  bool gocache_is_said = false;  // by GOCACHE or go env -w; else it follows from the home
  std::string temporary;         // TMPDIR, when it is set
  std::optional<sys::FileSystemKind> file_system;
  SampledEntries entries;
  std::string goflags;
  std::string godebug;
  std::string time_zone;
  std::uint32_t file_mode_mask = 022;
  std::string go_version;  // "go1.27.4"; empty when unknown
  bool go_is_here = true;  // false: that toolchain has to be downloaded first
  sys::Path checkout;
  std::vector<Variable> run_names;   // GITHUB_RUN_ID and its like, those that are set
  std::vector<Variable> slot_names;  // CI_CONCURRENT_ID and its like
  bool is_shallow = false;
  ModuleFacts module;
};

EnvironmentFacts gather_facts(const sys::Environment& env, const gotool::GoCommand& go,
                              const sys::Path& checkout, const ModuleFacts& module);
SampledEntries sample_entries(const sys::Path& gocache, UnixNanos now_ns);

std::vector<Finding> advise_on_environment(const EnvironmentFacts& facts);

}  // namespace sluice::insight
