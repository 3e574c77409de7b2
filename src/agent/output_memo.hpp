// Outputs of which something is known for good, since their name is their content's digest: a set
// that is kept in a file from one go command to the next, so that none is opened twice to find out.
//
// The file holds the first 16 bytes of each name, in order. It may be removed at any time, and of
// two commands that end at once the later one's stays. What is no such file counts as empty. Any
// thread.
#pragma once

#include "base/result.hpp"
#include "gotool/local_tier.hpp"
#include "sys/file.hpp"

#include <array>
#include <mutex>
#include <set>
#include <vector>

namespace sluice::agent {

class OutputMemo {
 public:
  // An empty path: nothing is kept. Past `names_max` what was known before is forgotten.
  explicit OutputMemo(sys::Path file, std::size_t names_max = 100'000);

  bool has(const BlobId& output) const;
  void add(const BlobId& output);
  // Does nothing where nothing was added since it was read.
  Result<void> save();

 private:
  static constexpr std::size_t k_part_size = 16;
  using Part = std::array<std::byte, k_part_size>;
  static Part part_of(const BlobId& output);

  const sys::Path file_;
  const std::size_t names_max_;
  mutable std::mutex mutex_;
  std::vector<Part> known_;  // in order
  std::set<Part> added_;
};

}  // namespace sluice::agent
