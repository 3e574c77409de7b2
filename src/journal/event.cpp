#include "journal/event.hpp"

#include "base/deadline.hpp"
#include "codec/wire.hpp"

#include <array>
#include <cstring>
#include <type_traits>

namespace sluice::journal {
namespace {

constexpr std::string_view k_magic = "SLJ1";
constexpr std::size_t k_check_bytes = 4;
constexpr std::size_t k_head_bytes = 4 + 4 + k_check_bytes;

// The fields of each event, in order, for reading and writing alike.
template <class Archive, class E>
void visit_fields(Archive& archive, E& e) {
  using T = std::remove_const_t<E>;
  if constexpr (std::is_same_v<T, CommandBegan>) {
    archive(e.id, e.ci, e.job_id, e.run, e.job_name, e.repository, e.commit, e.branch,
            e.pull_request, e.domain, e.host, e.directory, e.checkout, e.go_version,
            e.sluice_version, e.words, e.goflags, e.local_tier, e.process);
  } else if constexpr (std::is_same_v<T, CommandEnded>) {
    archive(e.duration_us, e.exit_status, e.signal, e.counters);
  } else if constexpr (std::is_same_v<T, Lookup>) {
    archive(e.action, e.answer, e.size, e.wait_us);
  } else if constexpr (std::is_same_v<T, Stored>) {
    archive(e.action, e.kind, e.size, e.at_us);
  } else if constexpr (std::is_same_v<T, Lookups> || std::is_same_v<T, Results>) {
    archive(e.list);
  } else if constexpr (std::is_same_v<T, Compiled>) {
    archive(e.package, e.build_id, e.salt, e.text);
  } else if constexpr (std::is_same_v<T, Linked>) {
    archive(e.package, e.build_id, e.modinfo, e.answer, e.link_us);
  } else if constexpr (std::is_same_v<T, Tested>) {
    archive(e.package, e.answer, e.cause, e.test_us, e.names, e.ran);
  } else if constexpr (std::is_same_v<T, Transferred>) {
    archive(e.direction, e.blobs, e.bytes, e.requests);
  } else if constexpr (std::is_same_v<T, Fault>) {
    archive(e.reason, e.message, e.count);
  } else if constexpr (std::is_same_v<T, TestGiven>) {
    archive(e.package, e.action, e.found);
  } else if constexpr (std::is_same_v<T, IndexedOne>) {
    archive(e.action, e.outcome, e.scope, e.kind);
  } else if constexpr (std::is_same_v<T, Indexed>) {
    archive(e.list);
  } else if constexpr (std::is_same_v<T, TestRan>) {
    archive(e.package, e.test, e.words, e.end, e.wall_us, e.cpu_us, e.wait_us, e.memory);
  } else if constexpr (std::is_same_v<T, Scheduled>) {
    archive(e.what, e.after_us, e.package, e.waited_us, e.held_by, e.is_known, e.expected_us,
            e.expected_millicores, e.expected_memory, e.running, e.millicores, e.memory, e.state);
  } else if constexpr (std::is_same_v<T, RemovedOne>) {
    archive(e.action, e.why);
  } else {
    static_assert(std::is_same_v<T, Removed>);
    archive(e.host, e.local_tier, e.list);
  }
}

class Writer {
 public:
  template <class... Fields>
  void operator()(const Fields&... fields) {
    (write(fields), ...);
  }
  codec::WireWriter& wire() { return wire_; }

 private:
  void write(const std::string& value) { wire_.text(value); }
  void write(std::uint64_t value) { wire_.varint(value); }
  void write(std::int64_t value) { wire_.zigzag(value); }
  void write(std::uint8_t value) { wire_.u8(value); }
  void write(Answer value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(TestCause value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(Direction value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(Outcome value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(Removal value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(RunEnd value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(Schedule value) { wire_.u8(static_cast<std::uint8_t>(value)); }
  void write(const ActionId& value) { wire_.raw(value.view()); }
  template <class T>
  void write(const std::vector<T>& list) {
    wire_.varint(list.size());
    for (const T& item : list) {
      if constexpr (std::is_same_v<T, std::string>)
        write(item);
      else
        visit_fields(*this, item);
    }
  }

  codec::WireWriter wire_;
};

// Fields that are not there any more stay as they are: an older writer's event.
class Reader {
 public:
  explicit Reader(ByteView bytes) : wire_(bytes) {}

  template <class... Fields>
  void operator()(Fields&... fields) {
    (read_if_there(fields), ...);
  }
  codec::WireReader& wire() { return wire_; }

 private:
  template <class Field>
  void read_if_there(Field& field) {
    if (wire_.ok() && !wire_.rest().empty()) read(field);
  }
  void read(std::string& value) { value = wire_.text(k_frame_bytes_max); }
  void read(std::uint64_t& value) { value = wire_.varint(); }
  void read(std::int64_t& value) { value = wire_.zigzag(); }
  void read(std::uint8_t& value) { value = wire_.u8(); }
  void read(Answer& value) { value = static_cast<Answer>(bounded(k_answer_last)); }
  void read(TestCause& value) { value = static_cast<TestCause>(bounded(k_test_cause_last)); }
  void read(Direction& value) { value = static_cast<Direction>(bounded(1)); }
  void read(Outcome& value) { value = static_cast<Outcome>(bounded(k_outcome_last)); }
  void read(Removal& value) { value = static_cast<Removal>(bounded(1)); }
  void read(RunEnd& value) { value = static_cast<RunEnd>(bounded(k_run_end_last)); }
  void read(Schedule& value) { value = static_cast<Schedule>(bounded(1)); }
  void read(ActionId& value) {
    if (const auto id = ActionId::from_bytes(wire_.raw(k_digest_size))) value = *id;
  }
  template <class T>
  void read(std::vector<T>& list) {
    constexpr bool k_is_text = std::is_same_v<T, std::string>;
    list.resize(wire_.count(k_is_text ? 1 : k_digest_size));
    for (T& item : list) {
      if constexpr (k_is_text)
        read(item);
      else
        visit_fields(*this, item);
    }
  }
  std::uint8_t bounded(std::uint8_t last) {
    const std::uint8_t value = wire_.u8();
    if (value <= last) return value;
    wire_.fail();
    return 0;
  }

  codec::WireReader wire_;
};

template <std::size_t Index = 0>
bool make_body(Body& body, std::size_t wanted) {
  if constexpr (Index < std::variant_size_v<Body>) {
    if (wanted != Index) return make_body<Index + 1>(body, wanted);
    body.emplace<Index>();
    return true;
  } else {
    return false;
  }
}

Bytes payload_of(const Event& event) {
  Writer writer;
  writer.wire().u8(static_cast<std::uint8_t>(event.body.index() + 1));
  writer.wire().zigzag(event.at_us);
  std::visit([&writer](const auto& body) { visit_fields(writer, body); }, event.body);
  return writer.wire().take();
}

ByteView check_of(const std::array<std::byte, k_digest_size>& digest) {
  return ByteView(digest).first(k_check_bytes);
}

}  // namespace

Micros now_us() { return unix_now_ns() / 1000; }

Bytes encode(std::span<const Event> events) {
  codec::WireWriter wire;
  for (const Event& event : events) {
    const Bytes payload = payload_of(event);
    if (payload.size() > k_frame_bytes_max) continue;
    wire.raw(bytes_of(k_magic));
    wire.u32(static_cast<std::uint32_t>(payload.size()));
    wire.raw(check_of(sha256(payload)));
    wire.raw(payload);
  }
  return wire.take();
}

Result<Event> decode_payload(ByteView payload) {
  Reader reader(payload);
  const std::uint8_t kind = reader.wire().u8();
  Event event;
  event.at_us = reader.wire().zigzag();
  if (!reader.wire().ok()) return fail(Code::corrupt, "journal event: cut short");
  if (kind == 0 || !make_body(event.body, std::size_t{kind} - 1)) {
    return fail(Code::unsupported, "journal event: of a kind that is not known");
  }
  std::visit([&reader](auto& body) { visit_fields(reader, body); }, event.body);
  if (!reader.wire().ok()) return fail(Code::corrupt, "journal event: malformed");
  return event;
}

std::vector<Event> decode(ByteView bytes) {
  std::vector<Event> events;
  while (bytes.size() >= k_head_bytes) {
    if (text_of(bytes.first(k_magic.size())) == k_magic) {
      codec::WireReader head(bytes.subspan(k_magic.size()));
      const std::size_t size = head.u32();
      const ByteView check = head.raw(k_check_bytes);
      if (size <= k_frame_bytes_max && size <= bytes.size() - k_head_bytes) {
        const ByteView payload = bytes.subspan(k_head_bytes, size);
        const auto digest = sha256(payload);
        if (std::memcmp(check_of(digest).data(), check.data(), k_check_bytes) == 0) {
          if (auto event = decode_payload(payload)) events.push_back(std::move(*event));
          bytes = bytes.subspan(k_head_bytes + size);
          continue;
        }
      }
    }
    bytes = bytes.subspan(1);
  }
  return events;
}

}  // namespace sluice::journal
