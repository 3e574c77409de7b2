// What a test consulted, as two keys: go's own, of times and modes, and ours, of contents.
//
// Reads files and directories of the checkout; changes nothing. Any thread; a FileDigests belongs
// to one thread at a time. Whatever cannot be computed as go would (an error in words that we do
// not know, more than the bounds) is nothing, and then no result is given or kept. Formats:
// docs/formats/test-results.md.
#pragma once

#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "gotool/snapshot.hpp"
#include "gotool/testlog.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace sluice::gotool {

inline constexpr std::uint64_t k_consulted_bytes_max = std::uint64_t{1} << 30U;  // of one test
inline constexpr std::size_t k_consulted_entries_max = 200'000;  // directory entries of one test

// What go sees besides files.
struct TestWorld {
  const sys::Environment& env;  // of the go command
  std::string go_version;       // "go1.26.8": the salt of go's hashes
  std::uint32_t umask = 0;
  sys::Path package_directory;  // where the test runs
  // Of contents only: directories that are there now and are taken for absent, with all below.
  std::set<std::string> absent{};
};

// Contents that were hashed, by everything that changes when a file does. A session's worth.
class FileDigests {
 public:
  // One more test begins: its bytes are counted from here.
  void begin() { bytes_ = 0; }
  // Of a file that was looked at a moment ago. Nothing when it cannot be read, with errno's meaning
  // in `error`, or when it is past the bounds.
  std::optional<BlobId> of(const std::string& path, const struct stat& info, int& error);

 private:
  using Identity = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, UnixNanos, UnixNanos>;
  std::map<Identity, BlobId> known_;
  std::uint64_t bytes_ = 0;
};

// Files that are too young for go to look for a result, or to keep one: opened by the test, and
// changed less than two seconds ago. One that is about to be old enough is left out.
std::vector<TestInput> too_young(const std::vector<TestInput>& inputs, Snapshot& files,
                                 UnixNanos now_ns);

std::optional<TestInputsId> go_test_inputs_id(const std::vector<TestInput>& inputs,
                                              const TestWorld& world, Snapshot& files);

// F, and for each input the first bytes of its line's digest: of a file four, mixed with `test_id`;
// of a variable one, which is too little to guess a value by.
struct TestFingerprint {
  Fingerprint whole;
  std::vector<std::uint32_t> parts;  // GODEBUG first, then one for each input
};
// Both are of what `files` saw; the contents that are read now belong to it when it still holds
// afterwards.
std::optional<TestFingerprint> fingerprint(const std::vector<TestInput>& inputs,
                                           const TestWorld& world, const ActionId& test_id,
                                           Snapshot& files, FileDigests& digests);

// The keys of go's cache and ours.
ActionId go_result_key(const ActionId& test_id, const TestInputsId& inputs);
ActionId result_key(const ActionId& test_id, const Fingerprint& fingerprint);
// Of a result that is good only where go itself would give it: `gos` is go's key.
ActionId in_place_key(const ActionId& result, const ActionId& gos);
ActionId inputs_record_key(const ActionId& test_id);
ActionId cover_profile_key(const ActionId& result);  // of go's key or of ours

}  // namespace sluice::gotool
