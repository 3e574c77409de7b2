// go.sum: which sum a module's tree and its go.mod must have, and how such a sum is made.
//
// Values: any thread; a TreeSum belongs to one thread at a time. Source:
// https://go.dev/ref/mod#go-sum-files and golang.org/x/mod/sumdb/dirhash (Hash1): a sum is "h1:"
// and the base64 of the SHA-256 of one line "<hex>  <name>\n" for each file, sorted by name.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/module_version.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace sluice::gotool {

struct ModuleSums {
  std::string tree;    // "h1:…" of its files; empty: only its go.mod was ever needed
  std::string go_mod;  // "h1:…" of its go.mod; empty: not given
};
struct SummedModule {
  ModuleVersion module;
  ModuleSums sums;

  bool is_tree() const { return !sums.tree.empty(); }  // else only its go.mod is meant
};
using GoSum = std::map<ModuleVersion, ModuleSums>;

// Adds the lines of one file to what others said. A line with a sum of a kind that is not known is
// left out, as go does. Code::invalid names the line that is none, that names no module, or that
// contradicts an earlier one.
Result<void> add_go_sum(std::string_view text, std::string_view file_name, GoSum& into);

// The sum of a tree from the sums of its files.
class TreeSum {
 public:
  explicit TreeSum(const ModuleVersion& module) : prefix_(module.text() + "/") {}
  // `name`: relative to the module's root, with slashes. Each name once; no line break in it.
  void add(std::string_view name, const std::array<std::byte, k_digest_size>& sha256);
  std::string finish() const;  // "h1:…"

 private:
  std::string prefix_;
  std::map<std::string, std::array<std::byte, k_digest_size>, std::less<>> files_;
};

// The sum that go.sum has of a go.mod file.
std::string go_mod_sum(ByteView go_mod);

}  // namespace sluice::gotool
