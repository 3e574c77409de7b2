#include "agent/messages.hpp"

#include "sys/fd.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <sys/socket.h>

#include <array>

namespace sluice::agent {
namespace {

ActionId action_of(std::string_view text) { return sha256_as<ActionId>(bytes_of(text)); }

Frame only_frame(const Bytes& bytes) {
  FrameReader reader(k_reply_bytes_max);
  reader.feed(bytes);
  auto frame = reader.next();
  REQUIRE(frame.has_value());
  REQUIRE(frame->has_value());
  REQUIRE(!reader.next()->has_value());
  return **frame;
}

TEST_CASE("every message comes back as it was sent") {
  Hello hello;
  hello.pid = 4711;
  hello.role = "session";
  hello.command_id = "c-1";
  hello.goroot = "/usr/local/go";
  const auto decoded = decode_hello(only_frame(encode_hello(hello)).payload);
  REQUIRE(decoded.has_value());
  CHECK(decoded->version == k_protocol_version);
  CHECK(decoded->pid == 4711);
  CHECK(decoded->role == "session");
  CHECK(decoded->command_id == "c-1");
  CHECK(decoded->goroot == "/usr/local/go");

  const auto get = decode_get(only_frame(encode_get(Get{9, action_of("a")})).payload);
  REQUIRE(get.has_value());
  CHECK(get->sequence == 9);
  CHECK(get->action == action_of("a"));

  const Hit hit{7, sha256_as<BlobId>(bytes_of("b")), 1ULL << 40U, -5};
  const auto hit_back = decode_hit(only_frame(encode_hit(hit)).payload);
  REQUIRE(hit_back.has_value());
  CHECK(hit_back->output == hit.output);
  CHECK(hit_back->size == hit.size);
  CHECK(hit_back->time_ns == -5);

  const Note note{action_of("n"), sha256_as<BlobId>(bytes_of("o")), 3, 4, store::Kind::archive};
  const auto made = decode_note(Type::made, only_frame(encode_note(Type::made, note)).payload);
  REQUIRE(made.has_value());
  CHECK(made->kind == store::Kind::archive);
  const auto used = decode_note(Type::used, only_frame(encode_note(Type::used, note)).payload);
  REQUIRE(used.has_value());
  CHECK(used->kind == store::Kind::other);
  CHECK(used->action == note.action);

  CHECK(decode_number(only_frame(encode_miss(12)).payload) == 12U);
  CHECK(decode_text(only_frame(encode_text(Type::bye, "{}")).payload) == "{}");
  const auto finish = decode_finish(only_frame(encode_finish("id", 250)).payload);
  REQUIRE(finish.has_value());
  CHECK(finish->command_id == "id");
  CHECK(finish->wait_ms == 250);
  const auto hold = decode_hold(only_frame(encode_hold(900'000, 100)).payload);
  REQUIRE(hold.has_value());
  CHECK(hold->unused_max_ms == 900'000);
  CHECK(hold->wait_ms == 100);
  CHECK(decode_link_get(only_frame(encode_link_get(action_of("k"))).payload) == action_of("k"));
  const LinkNote link{true, action_of("k"), note.output, 70, -3, 4'200'000};
  const auto link_back = decode_link_note(only_frame(encode_link_note(link)).payload);
  REQUIRE(link_back.has_value());
  CHECK(link_back->made);
  CHECK(link_back->key == link.key);
  CHECK(link_back->output == link.output);
  CHECK(link_back->size == 70);
  CHECK(link_back->time_ns == -3);
  CHECK(link_back->link_us == 4'200'000);
  CHECK_FALSE(decode_link_note(bytes_of("short")).has_value());
  CHECK(decode_save(only_frame(encode_save(-17)).payload) == UnixNanos{-17});
}

TEST_CASE("truncated messages are corrupt, whatever they are") {
  const Note note{action_of("n"), sha256_as<BlobId>(bytes_of("o")), 3, 4, store::Kind::archive};
  const Frame frame = only_frame(encode_note(Type::made, note));
  for (std::size_t length = 0; length < frame.payload.size(); ++length) {
    const auto cut = decode_note(Type::made, ByteView(frame.payload).first(length));
    REQUIRE(!cut.has_value());
    CHECK(cut.error().code == Code::corrupt);
  }
}

TEST_CASE("a kind that does not exist is corrupt") {
  Note note;
  Frame frame = only_frame(encode_note(Type::made, note));
  frame.payload.back() = std::byte{200};
  CHECK(!decode_note(Type::made, frame.payload).has_value());
}

TEST_CASE("fields behind those known are ignored") {
  Frame frame = only_frame(encode_get(Get{1, action_of("a")}));
  frame.payload.push_back(std::byte{42});
  CHECK(decode_get(frame.payload).has_value());
}

TEST_CASE("a frame's length is bounded on both sides") {
  FrameReader reader(k_frame_bytes_max);
  SUBCASE("nothing") { reader.feed(Bytes(4, std::byte{0})); }
  SUBCASE("too much") { reader.feed(Bytes(4, std::byte{0xff})); }
  const auto frame = reader.next();
  REQUIRE(!frame.has_value());
  CHECK(frame.error().code == Code::corrupt);
}

TEST_CASE("frames are found however the stream is cut") {
  rc::check([](const std::vector<std::string>& texts, const std::vector<std::uint8_t>& cuts) {
    Bytes stream;
    for (const std::string& text : texts) append(stream, encode_text(Type::reply, text));
    FrameReader reader(k_reply_bytes_max);
    std::vector<std::string> seen;
    std::size_t at = 0;
    std::size_t cut = 0;
    while (at < stream.size()) {
      const std::size_t want = cuts.empty() ? 1 : 1U + cuts[cut++ % cuts.size()];
      const std::size_t size = std::min(want, stream.size() - at);
      reader.feed(ByteView(stream).subspan(at, size));
      at += size;
      for (;;) {
        const auto frame = reader.next();
        RC_ASSERT(frame.has_value());
        if (!*frame) break;
        seen.push_back(*decode_text((*frame)->payload));
      }
    }
    RC_ASSERT(seen == texts);
  });
}

TEST_CASE("receive_frame tells a frame, an end and a time-out apart") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const sys::Fd here(ends[0]);
  sys::Fd there(ends[1]);
  FrameReader reader(k_reply_bytes_max);
  const auto nothing =
      receive_frame(here.get(), reader, Deadline::after(std::chrono::milliseconds(5)));
  REQUIRE(!nothing.has_value());
  CHECK(nothing.error().code == Code::timeout);
  REQUIRE(sys::write_all(there.get(), encode_text(Type::reply, "x")));
  const auto frame = receive_frame(here.get(), reader, Deadline::after(std::chrono::seconds(5)));
  REQUIRE(frame.has_value());
  REQUIRE(frame->has_value());
  CHECK((*frame)->type == Type::reply);
  there.reset();
  const auto end = receive_frame(here.get(), reader, Deadline::after(std::chrono::seconds(5)));
  REQUIRE(end.has_value());
  CHECK(!end->has_value());
}

}  // namespace
}  // namespace sluice::agent
