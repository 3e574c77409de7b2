// What the tests of this room share: a store in memory that counts requests and can be told to
// fail, and makers of bodies, records and files.
//
// For tests only. MemoryObjects may be used from any thread; its hooks are set while nobody else
// calls. Errors are those of store/objects.hpp, and whatever a hook returns.
#pragma once

#include "base/digest.hpp"
#include "store/objects.hpp"
#include "store/record.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::store::testing {

inline Deadline soon() { return Deadline::after(std::chrono::seconds(60)); }

class MemoryObjects final : public Objects {
 public:
  explicit MemoryObjects(Capabilities can = {true, true, true}) : can_(can) {}

  // Asked with the key before a put, and before anything that reads; may call set() and erase().
  std::function<Result<void>(std::string_view key)> before_put;
  std::function<Result<void>(std::string_view key)> before_get;

  Capabilities capabilities() const override { return can_; }
  std::string describe() const override { return "memory"; }

  Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                    Deadline deadline) override {
    TRY(begin(key, deadline, before_get));
    const std::lock_guard held(mutex_);
    ++gets_;
    const auto found = objects_.find(key);
    if (found == objects_.end()) return std::nullopt;
    if (found->second.size() > size_max) return fail(Code::exhausted, "the object is too large");
    return Object{found->second, etag_of(found->second)};
  }

  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override {
    TRY(begin(key, deadline, before_get));
    Bytes bytes;
    {
      const std::lock_guard held(mutex_);
      ++ranges_;
      const auto found = objects_.find(key);
      if (found == objects_.end()) return false;
      bytes = found->second;
    }
    // As a connection that breaks: what is there comes first.
    constexpr std::uint64_t k_piece_size = 1000;
    const std::uint64_t size = bytes.size();
    const std::uint64_t there = offset > size ? 0 : std::min(length, size - offset);
    for (std::uint64_t at = 0; at < there; at += k_piece_size) {
      const std::uint64_t piece = std::min(k_piece_size, there - at);
      TRY(sink(ByteView(bytes).subspan(static_cast<std::size_t>(offset + at),
                                       static_cast<std::size_t>(piece))));
    }
    if (offset > size || there < length) return fail(Code::corrupt, "the object is too short");
    return true;
  }

  Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                        Deadline deadline) override {
    TRY(begin(key, deadline, before_put));
    Bytes bytes(static_cast<std::size_t>(body.size()));
    TRY(body.read(0, bytes));
    const std::lock_guard held(mutex_);
    ++puts_;
    const auto found = objects_.find(key);
    const bool there = found != objects_.end();
    using Kind = PutCondition::Kind;
    if (condition.kind == Kind::if_absent && can_.if_absent && there) return PutResult{};
    if (condition.kind == Kind::if_match && can_.if_match &&
        (!there || etag_of(found->second) != condition.etag)) {
      return PutResult{};
    }
    std::string etag = etag_of(bytes);
    objects_.insert_or_assign(std::string(key), std::move(bytes));
    return PutResult{true, std::move(etag)};
  }

  Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) override {
    TRY(begin(key, deadline, before_get));
    const std::lock_guard held(mutex_);
    ++heads_;
    const auto found = objects_.find(key);
    if (found == objects_.end()) return std::nullopt;
    return ObjectInfo{found->second.size(), etag_of(found->second)};
  }

  Result<void> remove(std::string_view key, Deadline deadline) override {
    TRY(begin(key, deadline, before_put));
    const std::lock_guard held(mutex_);
    if (const auto found = objects_.find(key); found != objects_.end()) objects_.erase(found);
    return {};
  }

  Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                        Deadline deadline) override {
    if (limit == 0 || limit > k_list_page_max) return fail(Code::invalid, "no size of a page");
    if (deadline.passed()) return fail(Code::timeout, "the deadline passed");
    const std::lock_guard held(mutex_);
    ListPage page;
    for (const auto& [key, bytes] : objects_) {
      if (!key.starts_with(prefix) || key <= after) continue;
      if (page.keys.size() == limit) {
        page.more = true;
        break;
      }
      page.keys.push_back(key);
      page.sizes.push_back(bytes.size());
    }
    return page;
  }

  // Keys that contain `part`, ascending.
  std::vector<std::string> keys(std::string_view part = "") const {
    const std::lock_guard held(mutex_);
    std::vector<std::string> found;
    for (const auto& [key, bytes] : objects_) {
      if (key.find(part) != std::string::npos) found.push_back(key);
    }
    return found;
  }
  Bytes bytes_at(const std::string& key) const {
    const std::lock_guard held(mutex_);
    return objects_.at(key);
  }
  void set(const std::string& key, Bytes bytes) {
    const std::lock_guard held(mutex_);
    objects_.insert_or_assign(key, std::move(bytes));
  }
  void erase(const std::string& key) {
    const std::lock_guard held(mutex_);
    objects_.erase(key);
  }
  int gets() const { return gets_; }
  int ranges() const { return ranges_; }
  int puts() const { return puts_; }
  int heads() const { return heads_; }

 private:
  static std::string etag_of(ByteView bytes) { return to_hex(sha256(bytes)); }

  static Result<void> begin(std::string_view key, Deadline deadline,
                            const std::function<Result<void>(std::string_view)>& hook) {
    TRY(check_key(key));
    if (deadline.passed()) return fail(Code::timeout, "the deadline passed");
    return hook ? hook(key) : Result<void>{};
  }

  Capabilities can_;
  mutable std::mutex mutex_;
  std::map<std::string, Bytes, std::less<>> objects_;
  int gets_ = 0;
  int ranges_ = 0;
  int puts_ = 0;
  int heads_ = 0;
};

// The same bytes for the same arguments, different for every number; those that zstd cannot make
// smaller unless asked for.
inline Bytes body_of(std::uint64_t number, std::size_t size, bool compressible = false) {
  Bytes body(size);
  std::uint64_t state = number * 0x9e3779b97f4a7c15U + 1;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const auto byte = static_cast<std::uint8_t>(state >> 56U);
    body[i] = static_cast<std::byte>(compressible ? 'a' + byte % 4 : byte);
  }
  return body;
}

inline ActionId action_of(std::uint64_t number) {
  return sha256_as<ActionId>(bytes_of("action " + std::to_string(number)));
}

inline Record record_of(const ActionId& action, ByteView body) {
  Record record;
  record.action = action;
  record.output = sha256_as<BlobId>(body);
  record.size = body.size();
  record.time_ns = 1'700'000'000'000'000'000;
  return record;
}

// tests/corpus of the checkout this was built from; empty when it is not there.
inline sys::Path corpus_directory() {
  std::error_code ignored;
  const sys::Path here = std::filesystem::current_path(ignored);
  const sys::Path executable = std::filesystem::read_symlink("/proc/self/exe", ignored);
  // A compiler cache may have made the name of this file relative to the build directory.
  const sys::Path source = sys::Path(__FILE__).parent_path().parent_path().parent_path();
  for (const sys::Path& base : {here, executable.parent_path()}) {
    const sys::Path corpus = base / source / "tests" / "corpus";
    if (std::filesystem::is_directory(corpus, ignored)) return corpus;
  }
  for (sys::Path base = here; base.has_relative_path(); base = base.parent_path()) {
    const sys::Path corpus = base / "tests" / "corpus";
    if (std::filesystem::is_directory(corpus, ignored)) return corpus;
  }
  return {};
}

// The file of that name in the corpus. With SLUICE_WRITE_GOLDEN set it is written first: for a new
// version of a format, never to make a failing test pass.
inline Bytes golden_file(std::string_view name, ByteView now) {
  const sys::Path path = corpus_directory() / name;
  if (sys::Environment::of_process().has("SLUICE_WRITE_GOLDEN")) {
    if (!sys::make_directories(path.parent_path()) || !sys::write_file_atomic(path, now)) return {};
  }
  constexpr std::uint64_t k_size_max = 1U << 20U;
  auto bytes = sys::read_file(path, k_size_max);
  return bytes && *bytes ? std::move(**bytes) : Bytes();
}

// A directory with bodies as files, named by their hash, and one for staging.
class Files {
 public:
  Files() : directory_(*sys::TempDirectory::create("sluice-files-")) {}

  sys::Path staging() const {
    const sys::Path path = directory_.path() / "staging";
    std::filesystem::create_directories(path);
    return path;
  }
  sys::Path write(ByteView body) const {
    const sys::Path path = directory_.path() / sha256_as<BlobId>(body).hex();
    if (!sys::write_file_atomic(path, body)) return {};
    return path;
  }
  const sys::Path& path() const { return directory_.path(); }

 private:
  sys::TempDirectory directory_;
};

}  // namespace sluice::store::testing
