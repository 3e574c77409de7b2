// What is wrong, for a cache, around the go commands of a pipeline: caches that it restores,
// clones, toolchains, and steps that follow a page which has it wrong.
//
// Pure; any thread; no errors.
#pragma once

#include "insight/finding.hpp"
#include "insight/go_advice.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::insight {

// What the checkout says about its module.
struct ModuleFacts {
  std::string file;       // "go.mod"; empty when there is none
  std::string go;         // of its go line, "1.25.3"
  std::string toolchain;  // of its toolchain line, "go1.25.3"
  std::uint32_t go_line = 0;
  std::uint32_t toolchain_line = 0;
  bool has_go_sum = false;

  std::string wanted() const;  // the version that both ask for, "1.25.3"; a minimum
  bool is_exact() const;       // it names one release
  std::string place() const;   // of the line that says so, "go.mod:5"
};
ModuleFacts module_facts(std::string_view go_mod, std::string_view file);

std::vector<Finding> advise_on_caches(const Examined& examined, const ModuleFacts& module);
std::vector<Finding> advise_on_checkouts(const Examined& examined);
std::vector<Finding> advise_on_toolchains(const Examined& examined, const ModuleFacts& module);
std::vector<Finding> advise_on_wrong_pages(const Examined& examined);

// All that is to be said about one pipeline, in order.
std::vector<Finding> advise(const Pipeline& pipeline, const ModuleFacts& module);

struct Drift {
  Severity severity;
  std::string what;  // one clause
};
// How a version drifts from what the module wants; nothing where it does not.
std::optional<Drift> drift_of(std::string_view version, const ModuleFacts& module);

}  // namespace sluice::insight
