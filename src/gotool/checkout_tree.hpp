// What a checkout holds that decides whether it may be shown at another path.
//
// Reads directories and, where asked to, Go files; changes nothing, keeps nothing. Any thread. What
// cannot be read makes the look incomplete, and then nobody should rely on it.
#pragma once

#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

inline constexpr std::size_t k_tree_entries_max = 300'000;
inline constexpr std::uint64_t k_tree_bytes_max = std::uint64_t{256} << 20U;  // of Go files

struct PackageDirectory {
  sys::Path directory;  // relative to the checkout; "." is its root
  sys::Path module;     // of the go.mod that it belongs to, relative too; empty: none
};

struct CheckoutTree {
  bool is_complete = true;                 // false: too much, or something could not be read
  std::vector<PackageDirectory> packages;  // with a Go file that is no test, not below testdata
  std::optional<sys::Path> leaving_link;  // a relative symbolic link that leads out of the checkout
  std::optional<sys::Path> rpath_file;    // a Go file whose #cgo lines make an rpath of ${SRCDIR}
};

// Directories named .git and node_modules, and `passed_over` (a module cache), are not looked into.
CheckoutTree look_at_checkout(const sys::Path& checkout, const sys::Path& passed_over,
                              bool read_cgo_lines);

// Whether a Go file has a line of cgo with an rpath made of ${SRCDIR}.
bool makes_rpath_of_srcdir(std::string_view go_file);

}  // namespace sluice::gotool
