// What go prints of its hashes with GODEBUG=gocachehash=1, each recomputed from what it says.
//
// HashTrace is a push parser: fed pieces of any length of go's standard error, it hands on each
// hash when its sum is printed, and every line that is none. One thread; the handlers are called
// from feed and finish. It takes any bytes and has no errors: a line that does not complete, or is
// past a bound, leaves a hash that is not proven. Source: cmd/go/internal/cache/hash.go, Go 1.24 to
// 1.27, which prints
//
//   HASH[NAME]                        a hash begins
//   HASH[NAME]: %q                    bytes that go into it; the first are the salt, "go1.27.4"
//   HASH[NAME]: %x                    its sum, 32 bytes
//   HASH subkey %x %q = %x            cache.Subkey of an action
//   HASH FILE: %x                     the SHA-256 of a file, or why it could not be read
//
// Each is one write(2). Several goroutines may hash under one name at a time, and then nobody can
// tell whose bytes are whose: what was put together wrongly does not prove.
#pragma once

#include "base/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

inline constexpr std::string_view k_hash_trace_setting = "gocachehash=1";  // of GODEBUG
inline constexpr std::size_t k_hash_line_max = std::size_t{16} << 20U;
// Of all hashes that have begun and have no sum yet.
inline constexpr std::size_t k_hash_open_max = 4096;
inline constexpr std::size_t k_hash_open_bytes_max = std::size_t{64} << 20U;

struct TracedHash {
  std::string name;  // "build example.org/p", "link …", "vet …", "testResult", "moduleIndex" …
  std::string salt;
  std::string text;        // what was hashed behind the salt
  ActionId sum;            // as go says
  bool is_proven = false;  // SHA-256(salt || text) is that sum
};

struct TracedSubkey {
  ActionId parent;
  std::string description;
  ActionId key;
  bool is_proven = false;
};

struct HashCounts {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;  // of hashes
  std::uint64_t hashes = 0;
  std::uint64_t hashes_proven = 0;
  std::uint64_t subkeys = 0;
  std::uint64_t subkeys_proven = 0;
  std::uint64_t files = 0;
  std::uint64_t unfinished = 0;  // hashes without a sum, and those past a bound
};

class HashTrace {
 public:
  struct Handlers {
    std::function<void(TracedHash)> hash;
    std::function<void(TracedSubkey)> subkey;
    std::function<void(std::string_view)> other;  // a line with its newline; at the end without
  };

  explicit HashTrace(Handlers handlers) : handlers_(std::move(handlers)) {}

  void feed(std::string_view bytes);
  // At the end of go's output.
  void finish();
  const HashCounts& counts() const { return counts_; }

 private:
  struct Open {
    std::string name;
    std::string text;  // with the salt in front
    std::size_t salt_size = 0;
    bool has_salt = false;
    bool is_whole = true;
  };

  void take_line(std::string_view line, bool has_newline);
  bool take_hash_line(std::string_view line);   // behind "HASH["
  bool take_other_line(std::string_view line);  // behind "HASH "
  void begin(std::string_view name);
  void add(std::string_view name, std::string bytes);
  void end(std::string_view name, const ActionId& sum);

  Handlers handlers_;
  HashCounts counts_;
  std::string pending_;       // a line that began in an earlier piece
  bool is_skipping_ = false;  // the rest of a line that is too long
  std::vector<Open> open_;    // the one that was written last is last
  std::size_t open_bytes_ = 0;
};

// GODEBUG with this switch behind what it holds; the value of one that a traced command has,
// without it again.
std::string with_hash_trace(std::string_view godebug);
std::string without_hash_trace(std::string_view godebug);
bool has_hash_trace(std::string_view godebug);

}  // namespace sluice::gotool
