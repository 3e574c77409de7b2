// The backend of a store: what S3, HTTP and a folder have in common, as named objects of bytes.
//
// A store is `std::unique_ptr<Objects>` owned by whoever opened it. Every call may come from any
// thread, several at once; it blocks, and ends at its deadline at the latest by a margin of one
// system call. Absent is never an error: nullopt or false. Errors: Code::invalid for a key that is
// not one, Code::timeout at the deadline, Code::denied, Code::exhausted (disk, or an object above
// `size_max`), Code::unavailable, Code::io; each names the key and the store.
//
// What every backend promises, and the conformance suite (store/conformance.hpp) checks:
// - A put is all or nothing: readers see the whole old object or the whole new one, never a
// mixture.
// - After a put returns, a get by anybody gives that object or a later one.
// - Where a condition is honoured (capabilities), of several writers with the same condition
// exactly
//   one is told `stored`.
// - An etag, where there are any, changes whenever the bytes do; it is opaque.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"
#include "store/store_url.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::store {

// A key is elements joined by '/': each 1 to 128 characters of [a-z0-9._-], none starting with '.'.
// No key is a whole-element prefix of another one ("a" and "a/b" are not both used). A limit that
// every object store, URL and file system keeps without quoting.
inline constexpr std::size_t k_key_size_max = 512;
inline constexpr std::size_t k_key_element_size_max = 128;
Result<void> check_key(std::string_view key);

inline constexpr std::size_t k_list_page_max = 1000;

struct Capabilities {
  bool if_absent = false;   // PutCondition::if_absent is honoured, not ignored
  bool if_match = false;    // PutCondition::if_match is honoured, not ignored
  bool cheap_list = false;  // list() costs about what it returns
  bool list = true;         // list() works at all; else it is Code::unsupported
  bool remove = true;       // likewise remove()
  bool etags = true;        // else every etag is empty, and conditions mean nothing
};

struct ObjectInfo {
  std::uint64_t size = 0;
  std::string etag;
  std::optional<UnixNanos> modified_ns = std::nullopt;  // by the store's clock, where it says so
};

struct Object {
  Bytes bytes;
  std::string etag;
};

struct PutCondition {
  enum class Kind { none, if_absent, if_match } kind = Kind::none;
  std::string etag;  // of if_match

  static PutCondition always() { return {}; }
  static PutCondition absent() { return {Kind::if_absent, {}}; }
  static PutCondition match(std::string etag) { return {Kind::if_match, std::move(etag)}; }
};

// What a put sends: memory or a part of a file, neither owned. Read piece by piece and, for a
// retry, again from the start; a file is never held whole in memory and its position does not move.
class Body {
 public:
  Body(ByteView bytes)
      : bytes_(bytes), size_(bytes.size()) {}  // NOLINT(google-explicit-constructor)
  static Body of_file(int fd, std::uint64_t offset, std::uint64_t size) {
    Body body{ByteView()};
    body.fd_ = fd;
    body.offset_ = offset;
    body.size_ = size;
    return body;
  }

  std::uint64_t size() const { return size_; }
  // `size` bytes of it from `begin` on, both within it, as a body of its own.
  Body part(std::uint64_t begin, std::uint64_t size) const;
  // The bytes when they are in memory, else nothing (an empty body is in memory).
  std::optional<ByteView> in_memory() const;
  // Fills `into` from the position; Code::io when the file is shorter than announced.
  Result<void> read(std::uint64_t position, MutableByteView into) const;
  // All of it in order, in pieces of at most 256 KiB.
  Result<void> each(const codec::ByteSink& sink) const;

  // The same body, whose bytes are told to `moved` as they go to the store, by any
  // thread of the backend.
  Body watched(std::function<void(std::uint64_t bytes)> moved) const {
    Body body = *this;
    body.moved_ = std::move(moved);
    return body;
  }
  // For backends: so many bytes more were handed to the connection.
  void tell_moved(std::uint64_t bytes) const {
    if (moved_) moved_(bytes);
  }

 private:
  ByteView bytes_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  std::function<void(std::uint64_t)> moved_;
};

struct PutResult {
  bool stored = false;  // false: the condition did not hold, nothing changed
  std::string etag;     // of what was stored; empty when nothing was
};

// Of what a bill counts: those that read (GET, HEAD) and all others, repeated ones included.
struct RequestCounts {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
};

struct ListPage {
  std::vector<std::string> keys;     // ascending by byte
  std::vector<std::uint64_t> sizes;  // of the objects, in bytes, as keys
  bool more = false;                 // ask again after the last key
};

class Objects {
 public:
  Objects() = default;
  virtual ~Objects() = default;
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;

  virtual Capabilities capabilities() const = 0;
  // The URL without secrets, for messages.
  virtual std::string describe() const = 0;

  // The whole object, refused with Code::exhausted above `size_max` before it is read.
  virtual Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                            Deadline deadline) = 0;
  // Gives exactly `length` bytes from `offset` to the sink, in order, in pieces. False when the
  // object is absent. Code::corrupt when it ends before the range does; an error of the sink ends
  // the call and is returned as it is. A range of no bytes only asks whether the object is there.
  virtual Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                                 const codec::ByteSink& sink, Deadline deadline) = 0;
  virtual Result<PutResult> put(std::string_view key, const Body& body,
                                const PutCondition& condition, Deadline deadline) = 0;
  virtual Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) = 0;
  virtual Result<void> remove(std::string_view key, Deadline deadline) = 0;  // absent is fine
  // Keys that start with `prefix` (any text, also half an element) and come after `after`, at most
  // `limit` (1 to k_list_page_max).
  virtual Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                                Deadline deadline) = 0;
  // Who is told when a thread begins and ends to wait for the store itself, where the backend knows
  // such waits; before the first request. Called from any thread.
  virtual void observe_waits(std::function<void(bool begins)> /*observer*/) {}
  // What was asked over a network so far; a folder asks nobody.
  virtual RequestCounts requests() const { return {}; }
  // Opens so many connections for requests that will come soon, where there are any to open. What
  // fails here will fail, and be told, there.
  virtual void warm_up(unsigned /*connections*/, Deadline /*deadline*/) {}
};

// The backend for a URL; a remote one takes credentials, proxies and roots from the environment and
// the user's files. Another scheme is Code::unsupported, a setting that cannot be understood
// Code::invalid, each with one clear line. Touches nothing: a folder that does not exist yet is an
// empty store, and no server is asked.
Result<std::unique_ptr<Objects>> open_objects(const StoreUrl& url, const sys::Environment& env);

}  // namespace sluice::store
