// What this machine has seen of heads: the highest counter of each, so that an older head which
// somebody puts back is noticed.
//
// For heads whose signature was checked, and no others: anybody can write any counter into one that
// nobody signed. Any thread, and several processes over one file. A file that cannot be read counts
// as empty: then nothing is noticed, as on a new machine. Format: docs/formats/keys.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::store {

// Those not seen for the longest time are forgotten first.
inline constexpr std::size_t k_heads_remembered_max = 8192;
inline constexpr std::uint64_t k_head_memory_bytes_max = 1U << 20U;
inline constexpr auto k_head_memory_lock_wait = std::chrono::seconds(1);

struct SeenHead {
  std::string key;  // of the object
  std::uint64_t counter = 0;
};

class HeadMemory {
 public:
  // `file` need not be there; its directory is made with the first write.
  explicit HeadMemory(sys::Path file);

  // 0: never seen.
  std::uint64_t highest(std::string_view key) const;
  // Remembers what is higher, here at once and in the file. An error is one of writing it.
  Result<void> saw(const std::vector<SeenHead>& heads);

 private:
  struct Seen {
    std::uint64_t counter = 0;
    UnixNanos at_ns = 0;
  };
  using Name = std::array<std::byte, k_digest_size>;  // SHA-256 of the store's key
  struct HashName {
    std::size_t operator()(const Name& name) const;
  };
  using Book = std::unordered_map<Name, Seen, HashName>;

  Book read_file() const;
  Result<void> write_file(Book book) const;
  static Bytes encode(const Book& book);
  static Result<Book> decode(ByteView bytes);

  sys::Path file_;
  mutable std::mutex mutex_;
  Book book_;
};

}  // namespace sluice::store
