#include "store/head_memory.hpp"

#include "codec/wire.hpp"
#include "store/envelope.hpp"
#include "sys/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::store {

namespace {

constexpr EnvelopeKind k_memory_kind{"SLUICEHM", "memory of heads", k_head_memory_bytes_max};

}  // namespace

std::size_t HeadMemory::HashName::operator()(const Name& name) const {
  std::size_t value = 0;
  std::memcpy(&value, name.data(), sizeof value);
  return value;
}

HeadMemory::HeadMemory(sys::Path file) : file_(std::move(file)), book_(read_file()) {}

std::uint64_t HeadMemory::highest(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto at = book_.find(sha256(bytes_of(key)));
  return at == book_.end() ? 0 : at->second.counter;
}

Result<void> HeadMemory::saw(const std::vector<SeenHead>& heads) {
  if (heads.empty()) return {};
  const UnixNanos now_ns = unix_now_ns();
  const std::lock_guard lock(mutex_);
  for (const SeenHead& head : heads) {
    Seen& seen = book_[sha256(bytes_of(head.key))];
    seen = {std::max(seen.counter, head.counter), now_ns};
  }
  return write_file(book_);
}

HeadMemory::Book HeadMemory::read_file() const {
  const auto bytes = sys::read_file(file_, k_head_memory_bytes_max);
  if (!bytes || !*bytes) return {};
  auto book = decode(**bytes);
  if (book) return std::move(*book);
  sys::log_warn("{}: {}", file_.native(), book.error().message);
  return {};
}

// What others have written meanwhile stays.
Result<void> HeadMemory::write_file(Book book) const {
  TRY(sys::make_directories(file_.parent_path(), 0700));
  TRY_ASSIGN(const auto lock, sys::FileLock::acquire(file_.native() + ".lock",
                                                     Deadline::after(k_head_memory_lock_wait)));
  for (const auto& [name, seen] : read_file()) {
    Seen& ours = book[name];
    ours = {std::max(ours.counter, seen.counter), std::max(ours.at_ns, seen.at_ns)};
  }
  return sys::write_file_atomic(file_, encode(book), 0600);
}

Bytes HeadMemory::encode(const Book& book) {
  std::vector<std::pair<Name, Seen>> heads(book.begin(), book.end());
  std::ranges::sort(heads, std::greater<>(), [](const auto& head) { return head.second.at_ns; });
  if (heads.size() > k_heads_remembered_max) heads.resize(k_heads_remembered_max);
  codec::WireWriter writer;
  writer.varint(heads.size());
  for (const auto& [name, seen] : heads) {
    writer.raw(name);
    writer.u64(seen.counter);
    writer.zigzag(seen.at_ns);
  }
  return seal(k_memory_kind, writer.bytes());
}

Result<HeadMemory::Book> HeadMemory::decode(ByteView bytes) {
  TRY_ASSIGN(const Opened opened, open_envelope(k_memory_kind, bytes));
  codec::WireReader reader(opened.payload);
  Book book;
  const std::size_t count = reader.count(k_digest_size + 9);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    const auto name = BlobId::from_bytes(reader.raw(k_digest_size));
    Seen seen;
    seen.counter = reader.u64();
    seen.at_ns = reader.zigzag();
    if (name) book.insert_or_assign(name->bytes, seen);
  }
  TRY(reader.finish("payload"));
  return book;
}

}  // namespace sluice::store
