#include "agent/messages.hpp"

#include "codec/wire.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <array>

namespace sluice::agent {
namespace {

using codec::WireReader;
using codec::WireWriter;

constexpr std::size_t k_length_bytes = 4;
constexpr std::size_t k_read_bytes = 64U << 10U;

class FrameWriter : public WireWriter {
 public:
  explicit FrameWriter(Type type) {
    u32(0);  // the length, known at the end
    u8(static_cast<std::uint8_t>(type));
  }
  Bytes finish() {
    put_u32_at(0, static_cast<std::uint32_t>(size() - k_length_bytes));
    return take();
  }
};

template <class Name>
Name take_name(WireReader& reader) {
  const auto name = Name::from_bytes(reader.raw(k_digest_size));
  return name.value_or(Name{});  // a short read has failed the reader already
}

Result<void> check(const WireReader& reader, std::string_view what) {
  if (!reader.ok()) return fail(Code::corrupt, fmt::format("agent message {}: truncated", what));
  return {};
}

}  // namespace

Bytes encode_hello(const Hello& hello) {
  FrameWriter frame(Type::hello);
  frame.varint(hello.version);
  frame.varint(hello.pid);
  frame.text(hello.role);
  frame.text(hello.command_id);
  frame.text(hello.goroot);
  return frame.finish();
}

Bytes encode_get(const Get& get) {
  FrameWriter frame(Type::get);
  frame.varint(get.sequence);
  frame.raw(get.action.view());
  return frame.finish();
}

Bytes encode_hit(const Hit& hit) {
  FrameWriter frame(Type::hit);
  frame.varint(hit.sequence);
  frame.raw(hit.output.view());
  frame.varint(hit.size);
  frame.zigzag(hit.time_ns);
  return frame.finish();
}

Bytes encode_miss(std::uint64_t sequence) { return encode_number(Type::miss, sequence); }

Bytes encode_note(Type type, const Note& note) {
  FrameWriter frame(type);
  frame.raw(note.action.view());
  frame.raw(note.output.view());
  frame.varint(note.size);
  frame.zigzag(note.time_ns);
  if (type == Type::made) frame.u8(static_cast<std::uint8_t>(note.kind));
  return frame.finish();
}

Bytes encode_text(Type type, std::string_view text) {
  FrameWriter frame(type);
  frame.text(text);
  return frame.finish();
}

Bytes encode_number(Type type, std::uint64_t number) {
  FrameWriter frame(type);
  frame.varint(number);
  return frame.finish();
}

Bytes encode_welcome(std::uint64_t pid) {
  FrameWriter frame(Type::welcome);
  frame.varint(k_protocol_version);
  frame.varint(pid);
  return frame.finish();
}

Bytes encode_finish(std::string_view command_id, std::uint64_t wait_ms) {
  FrameWriter frame(Type::finish);
  frame.text(command_id);
  frame.varint(wait_ms);
  return frame.finish();
}

Bytes encode_hold(std::uint64_t unused_max_ms, std::uint64_t wait_ms) {
  FrameWriter frame(Type::hold);
  frame.varint(unused_max_ms);
  frame.varint(wait_ms);
  return frame.finish();
}

Bytes encode_save(UnixNanos since_ns) {
  FrameWriter frame(Type::save);
  frame.zigzag(since_ns);
  return frame.finish();
}

Bytes encode_link_get(const ActionId& key) {
  FrameWriter frame(Type::link_get);
  frame.raw(key.view());
  return frame.finish();
}

Bytes encode_modules(Type type, const ModulesAsked& asked) {
  FrameWriter frame(type);
  frame.text(asked.working_directory);
  frame.text(asked.goflags);
  frame.text(asked.gowork);
  return frame.finish();
}

Bytes encode_link_note(const LinkNote& note) {
  FrameWriter frame(Type::link_note);
  frame.u8(note.made ? 1 : 0);
  frame.raw(note.key.view());
  frame.raw(note.output.view());
  frame.varint(note.size);
  frame.zigzag(note.time_ns);
  frame.varint(note.link_us);
  return frame.finish();
}

Result<ActionId> decode_link_get(ByteView payload) {
  WireReader reader(payload);
  const auto key = take_name<ActionId>(reader);
  TRY(check(reader, "LINK_GET"));
  return key;
}

Result<ModulesAsked> decode_modules(ByteView payload) {
  WireReader reader(payload);
  ModulesAsked asked;
  asked.working_directory = reader.text(k_frame_bytes_max);
  asked.goflags = reader.text(k_frame_bytes_max);
  asked.gowork = reader.text(k_frame_bytes_max);
  TRY(check(reader, "MODULES"));
  return asked;
}

Result<LinkNote> decode_link_note(ByteView payload) {
  WireReader reader(payload);
  LinkNote note;
  note.made = reader.u8() == 1;
  note.key = take_name<ActionId>(reader);
  note.output = take_name<BlobId>(reader);
  note.size = reader.varint();
  note.time_ns = reader.zigzag();
  note.link_us = reader.varint();
  TRY(check(reader, "LINK_NOTE"));
  return note;
}

Result<Hello> decode_hello(ByteView payload) {
  WireReader reader(payload);
  Hello hello;
  hello.version = reader.varint();
  hello.pid = reader.varint();
  hello.role = reader.text(k_frame_bytes_max);
  hello.command_id = reader.text(k_frame_bytes_max);
  hello.goroot = reader.text(k_frame_bytes_max);
  TRY(check(reader, "HELLO"));
  return hello;
}

Result<Get> decode_get(ByteView payload) {
  WireReader reader(payload);
  Get get;
  get.sequence = reader.varint();
  get.action = take_name<ActionId>(reader);
  TRY(check(reader, "GET"));
  return get;
}

Result<Hit> decode_hit(ByteView payload) {
  WireReader reader(payload);
  Hit hit;
  hit.sequence = reader.varint();
  hit.output = take_name<BlobId>(reader);
  hit.size = reader.varint();
  hit.time_ns = reader.zigzag();
  TRY(check(reader, "HIT"));
  return hit;
}

Result<Note> decode_note(Type type, ByteView payload) {
  WireReader reader(payload);
  Note note;
  note.action = take_name<ActionId>(reader);
  note.output = take_name<BlobId>(reader);
  note.size = reader.varint();
  note.time_ns = reader.zigzag();
  if (type == Type::made) {
    const std::uint8_t kind = reader.u8();
    if (kind > static_cast<std::uint8_t>(store::Kind::executable)) {
      return fail(Code::corrupt, fmt::format("agent message MADE: kind {}", kind));
    }
    note.kind = static_cast<store::Kind>(kind);
  }
  TRY(check(reader, "note"));
  return note;
}

Result<std::string> decode_text(ByteView payload) {
  WireReader reader(payload);
  std::string text = reader.text(k_reply_bytes_max);
  TRY(check(reader, "text"));
  return text;
}

Result<std::uint64_t> decode_number(ByteView payload) {
  WireReader reader(payload);
  const std::uint64_t number = reader.varint();
  TRY(check(reader, "number"));
  return number;
}

Result<UnixNanos> decode_save(ByteView payload) {
  WireReader reader(payload);
  const UnixNanos since_ns = reader.zigzag();
  TRY(check(reader, "SAVE"));
  return since_ns;
}

Result<Finish> decode_finish(ByteView payload) {
  WireReader reader(payload);
  Finish finish;
  finish.command_id = reader.text(k_frame_bytes_max);
  finish.wait_ms = reader.varint();
  TRY(check(reader, "FINISH"));
  return finish;
}

Result<HoldAsked> decode_hold(ByteView payload) {
  WireReader reader(payload);
  HoldAsked hold;
  hold.unused_max_ms = reader.varint();
  hold.wait_ms = reader.varint();
  TRY(check(reader, "HOLD"));
  return hold;
}

Result<bool> FrameReader::fill(int fd) {
  std::array<std::byte, k_read_bytes> piece;
  TRY_ASSIGN(const std::size_t count, sys::read_some(fd, piece));
  feed(ByteView(piece).first(count));
  return count > 0;
}

void FrameReader::feed(ByteView bytes) {
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
  } else if (start_ > k_read_bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  append(buffer_, bytes);
}

Result<std::optional<Frame>> FrameReader::next() {
  const ByteView rest = ByteView(buffer_).subspan(start_);
  if (rest.size() < k_length_bytes) return std::nullopt;
  WireReader head(rest);
  const std::size_t length = head.u32();
  if (length == 0 || length > frame_bytes_max_) {
    return fail(Code::corrupt, fmt::format("agent message: length {} is out of bounds", length));
  }
  if (rest.size() < k_length_bytes + length) return std::nullopt;
  Frame frame;
  frame.type = static_cast<Type>(head.u8());
  frame.payload = copy_of(rest.subspan(k_length_bytes + 1, length - 1));
  start_ += k_length_bytes + length;
  return frame;
}

Result<std::optional<Frame>> receive_frame(int fd, FrameReader& reader, Deadline deadline) {
  for (;;) {
    TRY_ASSIGN(std::optional<Frame> frame, reader.next());
    if (frame) return frame;
    TRY_ASSIGN(const bool ready, sys::wait_readable(fd, deadline));
    if (!ready) return fail(Code::timeout, "agent: no answer in time");
    TRY_ASSIGN(const bool more, reader.fill(fd));
    if (!more) return std::nullopt;
  }
}

}  // namespace sluice::agent
