#include "store/fetch.hpp"

#include "store/conformance.hpp"
#include "store/layout.hpp"
#include "store/objects_view.hpp"
#include "store/pack.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::body_of;
using testing::MemoryObjects;
using testing::soon;

// Keeps what came and how it ended, and that the calls came in order.
class Collector final : public BatchSink {
 public:
  std::map<const Entry*, Bytes> bytes;
  std::map<const Entry*, std::string> ends;  // "ok" or the code's name
  std::vector<const Entry*> order;
  const Entry* refused = nullptr;  // open() fails for this one
  const Entry* failing = nullptr;  // its sink fails

  Result<codec::ByteSink> open(const Entry& entry) override {
    if (&entry == refused) return fail(Code::exhausted, "no room");
    bytes[&entry].clear();
    return codec::ByteSink([this, &entry](ByteView piece) -> Result<void> {
      if (&entry == failing) return fail(Code::io, "disk");
      append(bytes[&entry], piece);
      return {};
    });
  }

  void done(const Entry& entry, Result<void> result) override {
    CHECK_FALSE(ends.contains(&entry));
    ends[&entry] = result ? "ok" : std::string(name_of(result.error().code));
    order.push_back(&entry);
  }
};

// A store with one pack of `bodies` and entries that lead into it.
struct Packed {
  MemoryObjects objects;
  std::vector<Bytes> bodies;
  std::vector<Entry> entries;
  std::string key;

  explicit Packed(std::vector<Bytes> with) : bodies(std::move(with)) {
    PackBuilder builder;
    for (const Bytes& body : bodies) builder.add(sha256_as<BlobId>(body), body);
    const std::vector<PackedBlob> blobs = builder.blobs();
    const Bytes pack = builder.finish();
    key = pack_key("trusted", pack_id(pack));
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      Entry entry{testing::record_of(testing::action_of(i), bodies[i]), {}};
      entry.location = {Location::Where::pack, pack_id(pack),     blobs[i].offset,
                        blobs[i].stored_size,  blobs[i].encoding, "trusted"};
      entries.push_back(std::move(entry));
    }
    objects.set(key, pack);
  }

  Entry alone(const Bytes& body) {
    Entry entry{testing::record_of(testing::action_of(1000), body), {}};
    entry.location.where = Location::Where::alone;
    entry.location.stored_size = body.size();
    entry.location.domain = "trusted";
    objects.set(object_key(entry.record, entry.location), body);
    return entry;
  }

  std::vector<const Entry*> all() const {
    std::vector<const Entry*> pointers;
    for (const Entry& entry : entries) pointers.push_back(&entry);
    return pointers;
  }
};

std::vector<Bytes> three_bodies() {
  return {body_of(1, 5000, true), body_of(2, 3000), body_of(3, 70'000, true)};
}

Result<Bytes> fetched(Objects& objects, const Entry& entry) {
  Bytes bytes;
  TRY(fetch_blob(
      objects, entry,
      [&](ByteView piece) -> Result<void> {
        append(bytes, piece);
        return {};
      },
      soon()));
  return bytes;
}

TEST_CASE("the store in memory keeps the promises too, with and without conditions") {
  MemoryObjects full;
  // Two names of one store, through the view that passes everything on.
  check_conformance([&] { return std::make_unique<ObjectsView>(full); });
}

TEST_CASE("one blob comes whole and verified") {
  Packed store(three_bodies());
  for (std::size_t i = 0; i < store.entries.size(); ++i) {
    const auto bytes = fetched(store.objects, store.entries[i]);
    REQUIRE(bytes.has_value());
    CHECK(*bytes == store.bodies[i]);
  }
  const Entry alone = store.alone(body_of(9, 2'000'000));
  CHECK(fetched(store.objects, alone)->size() == 2'000'000);
  Entry empty;
  empty.record.output = k_empty_blob;
  CHECK(fetched(store.objects, empty)->empty());
}

TEST_CASE("what is gone is not found, what is damaged is corrupt") {
  Packed store(three_bodies());
  Bytes damaged = store.objects.bytes_at(store.key);
  damaged[static_cast<std::size_t>(store.entries[1].location.offset) + 5] ^= std::byte{1};
  store.objects.set(store.key, damaged);
  CHECK(fetched(store.objects, store.entries[0]).has_value());
  CHECK(fetched(store.objects, store.entries[1]).error().code == Code::corrupt);
  store.objects.erase(store.key);
  CHECK(fetched(store.objects, store.entries[0]).error().code == Code::not_found);
}

TEST_CASE("a bomb is stopped at the announced size") {
  Packed store({Bytes(100'000)});
  store.entries[0].record.size = 1000;
  std::size_t came = 0;
  const auto stopped = fetch_blob(
      store.objects, store.entries[0],
      [&](ByteView piece) -> Result<void> {
        came += piece.size();
        return {};
      },
      soon());
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().code == Code::corrupt);
  CHECK(came <= 1000);
}

TEST_CASE("neighbours in a pack come with one request") {
  Packed store(three_bodies());
  Collector sink;
  const auto entries = store.all();
  REQUIRE(fetch_batch(store.objects, entries, sink, soon()).has_value());
  CHECK(store.objects.ranges() == 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(sink.ends[entries[i]] == "ok");
    CHECK(sink.bytes[entries[i]] == store.bodies[i]);
  }
  CHECK(sink.order == entries);
}

TEST_CASE("a gap that is cheaper to ask anew for is not read over") {
  Packed store({body_of(1, 1000), body_of(2, k_range_gap_default), body_of(3, 1000),
                body_of(4, k_range_gap_default + 1), body_of(5, 1000)});
  Collector sink;
  const std::vector<const Entry*> wanted = {&store.entries[4], &store.entries[0],
                                            &store.entries[2]};
  REQUIRE(fetch_batch(store.objects, wanted, sink, soon()).has_value());
  CHECK(store.objects.ranges() == 2);
  // Requests in the order of first need, offsets ascending inside one.
  CHECK(sink.order == std::vector<const Entry*>{wanted[0], wanted[1], wanted[2]});
  CHECK(sink.bytes[wanted[2]] == store.bodies[2]);
}

TEST_CASE("a request is bounded in size") {
  std::vector<Bytes> bodies;
  for (std::uint64_t i = 0; i < 11; ++i) bodies.push_back(body_of(i, 1'000'000));
  Packed store(std::move(bodies));
  Collector sink;
  REQUIRE(fetch_batch(store.objects, store.all(), sink, soon()).has_value());
  CHECK(store.objects.ranges() == 2);
  for (const auto& [entry, end] : sink.ends) CHECK(end == "ok");
}

TEST_CASE("two entries of one blob are both given its bytes") {
  Packed store(three_bodies());
  Entry twin = store.entries[1];
  twin.record.action = testing::action_of(77);
  Collector sink;
  const std::vector<const Entry*> wanted = {&store.entries[1], &twin};
  REQUIRE(fetch_batch(store.objects, wanted, sink, soon()).has_value());
  CHECK(sink.bytes[&twin] == store.bodies[1]);
  CHECK(sink.bytes[&store.entries[1]] == store.bodies[1]);
}

TEST_CASE("one entry's trouble leaves the others alone") {
  Packed store(three_bodies());
  Entry gone = store.alone(body_of(5, 10));
  store.objects.erase(object_key(gone.record, gone.location));
  Entry liar = store.entries[1];
  liar.record.output = sha256_as<BlobId>(bytes_of("another"));
  Entry far = store.entries[2];
  far.location.offset += 1'000'000;
  Entry bad;  // breaks check_entry
  bad.record.size = 5;
  Collector sink;
  sink.refused = &store.entries[0];
  const std::vector<const Entry*> wanted = {
      &gone, &store.entries[0], &liar, &store.entries[2], &far, &bad};
  CHECK(fetch_batch(store.objects, wanted, sink, soon()).has_value());
  CHECK(sink.ends[&gone] == "not-found");
  CHECK(sink.ends[&store.entries[0]] == "exhausted");
  CHECK(sink.ends[&liar] == "corrupt");
  CHECK(sink.ends[&store.entries[2]] == "ok");
  CHECK(sink.ends[&far] == "corrupt");
  CHECK(sink.ends[&bad] == "corrupt");
  Collector other;
  other.failing = &gone;
  const Entry there = store.alone(body_of(5, 10));
  other.failing = &there;
  const std::vector<const Entry*> two = {&there, &store.entries[2]};
  CHECK(fetch_batch(store.objects, two, other, soon()).has_value());
  CHECK(other.ends[&there] == "io");
  CHECK(other.ends[&store.entries[2]] == "ok");
}

TEST_CASE("an error of the store ends the batch and everybody is told") {
  Packed store(three_bodies());
  const Entry alone = store.alone(body_of(5, 10));
  int asked = 0;
  store.objects.before_get = [&](std::string_view) -> Result<void> {
    ++asked;
    return fail(Code::unavailable, "nobody there");
  };
  Collector sink;
  std::vector<const Entry*> wanted = store.all();
  wanted.insert(wanted.begin(), &alone);
  const auto batch = fetch_batch(store.objects, wanted, sink, soon());
  REQUIRE_FALSE(batch.has_value());
  CHECK(batch.error().code == Code::unavailable);
  CHECK(asked == 1);
  CHECK(sink.ends.size() == wanted.size());
  for (const auto& [entry, end] : sink.ends) CHECK(end == "unavailable");
}

}  // namespace
}  // namespace sluice::store
