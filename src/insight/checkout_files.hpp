// The files of a checkout that describe pipelines, read and examined.
//
// Reads at most k_pipeline_files_max regular files of at most k_pipeline_file_size_max bytes, in
// known places; starts nothing. Any thread. Never fails: what cannot be read is a finding.
#pragma once

#include "insight/finding.hpp"
#include "insight/pipeline_advice.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::insight {

inline constexpr std::size_t k_pipeline_files_max = 300;
inline constexpr std::uint64_t k_pipeline_file_size_max = 1U << 20U;

struct ExaminedFiles {
  std::vector<std::string> files;  // relative to the checkout
  std::vector<Finding> findings;
};

// The go.work or go.mod that counts in this directory, named relative to the checkout where it lies
// there.
ModuleFacts find_module(const sys::Environment& env, const sys::Path& directory,
                        const sys::Path& checkout);

// Those of the checkout's root, and of the directory where that is another one inside it.
ExaminedFiles examine_files(const sys::Path& checkout, const sys::Path& directory,
                            const ModuleFacts& module);

}  // namespace sluice::insight
