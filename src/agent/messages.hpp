// The frames that sessions, commands and the agent exchange: docs/formats/agent-socket.md.
//
// Pure encoding and decoding, and blocking send/receive of whole frames on a descriptor. Decoders
// take hostile bytes: anything malformed is Code::corrupt. Any thread; a descriptor has one sender
// at a time.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::agent {

inline constexpr std::uint64_t k_protocol_version = 1;
inline constexpr std::size_t k_frame_bytes_max = 64U << 10U;
inline constexpr std::size_t k_reply_bytes_max = 4U << 20U;

enum class Type : std::uint8_t {
  hello = 1,
  welcome = 2,
  refused = 3,
  get = 10,
  hit = 11,
  miss = 12,
  used = 13,
  made = 14,
  bye = 15,
  bye_ok = 16,
  status = 20,
  reply = 21,
  wait = 22,
  finish = 23,
  stop = 24,
  restore = 25,
  save = 26,
  link_get = 27,
  link_note = 28,
  journal = 29,
  modules_bring = 30,
  modules_keep = 31,
  modules_proxy = 32,
  hold = 33,
  another = 40,
};

struct Frame {
  Type type = Type::hello;
  Bytes payload;
};

struct Hello {
  std::uint64_t version = k_protocol_version;
  std::uint64_t pid = 0;
  std::string role;
  std::string command_id;  // groups the sessions of one sluice command; empty for a bare cacheprog
  std::string goroot;      // of the go that started the session; empty when unknown
};

struct Get {
  std::uint64_t sequence = 0;
  ActionId action;
};

struct Hit {
  std::uint64_t sequence = 0;
  BlobId output;
  std::uint64_t size = 0;
  UnixNanos time_ns = 0;
};

// USED and MADE.
struct Note {
  ActionId action;
  BlobId output;
  std::uint64_t size = 0;
  UnixNanos time_ns = 0;
  store::Kind kind = store::Kind::other;
};

// A link that a toolexec took from the link cache or made.
struct LinkNote {
  bool made = false;
  ActionId key;
  BlobId output;
  std::uint64_t size = 0;
  UnixNanos time_ns = 0;
  std::uint64_t link_us = 0;
};

// Whose build list: MODULES_BRING, MODULES_KEEP and MODULES_PROXY.
struct ModulesAsked {
  std::string working_directory;
  std::string goflags;  // as the command has them
  std::string gowork;

  bool operator==(const ModulesAsked&) const = default;
};

// Complete frames, length prefix included, ready to be written.
Bytes encode_hello(const Hello& hello);
Bytes encode_get(const Get& get);
Bytes encode_hit(const Hit& hit);
Bytes encode_miss(std::uint64_t sequence);
Bytes encode_note(Type type, const Note& note);  // Type::used or Type::made
Bytes encode_text(Type type, std::string_view text);
Bytes encode_number(Type type, std::uint64_t number);
Bytes encode_welcome(std::uint64_t pid);
Bytes encode_finish(std::string_view command_id, std::uint64_t wait_ms);
Bytes encode_save(UnixNanos since_ns);
Bytes encode_link_get(const ActionId& key);
Bytes encode_link_note(const LinkNote& note);
Bytes encode_modules(Type type, const ModulesAsked& asked);
Bytes encode_hold(std::uint64_t unused_max_ms, std::uint64_t wait_ms);

Result<Hello> decode_hello(ByteView payload);
Result<Get> decode_get(ByteView payload);
Result<Hit> decode_hit(ByteView payload);
Result<Note> decode_note(Type type, ByteView payload);
Result<std::string> decode_text(ByteView payload);
Result<std::uint64_t> decode_number(
    ByteView payload);  // MISS, WAIT, STOP, RESTORE, WELCOME's version
Result<UnixNanos> decode_save(ByteView payload);
Result<ActionId> decode_link_get(ByteView payload);
Result<LinkNote> decode_link_note(ByteView payload);
Result<ModulesAsked> decode_modules(ByteView payload);
struct Finish {
  std::string command_id;
  std::uint64_t wait_ms = 0;
};
Result<Finish> decode_finish(ByteView payload);
struct HoldAsked {
  std::uint64_t unused_max_ms = 0;
  std::uint64_t wait_ms = 0;  // for what the store says
};
Result<HoldAsked> decode_hold(ByteView payload);

// Collects bytes of a stream into frames. One thread at a time.
class FrameReader {
 public:
  explicit FrameReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}
  // Reads once from `fd` (blocking); false at end of stream.
  Result<bool> fill(int fd);
  void feed(ByteView bytes);
  // The next whole frame, nothing when more bytes are needed.
  Result<std::optional<Frame>> next();

 private:
  std::size_t frame_bytes_max_;
  Bytes buffer_;
  std::size_t start_ = 0;
};

// Blocks for the next frame until the deadline; nothing at end of stream.
Result<std::optional<Frame>> receive_frame(int fd, FrameReader& reader, Deadline deadline);

}  // namespace sluice::agent
