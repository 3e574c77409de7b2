#include "store/entry_coding.hpp"

#include "base/subkey.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::action_of;
using testing::body_of;

Entry entry_of(const ActionId& action, std::uint64_t body) {
  const Bytes bytes = body_of(body, 100);
  Entry entry{testing::record_of(action, bytes), {}};
  entry.location.where = Location::Where::alone;
  entry.location.stored_size = bytes.size();
  entry.location.domain = "trusted";
  return entry;
}

Result<Bytes> encoded(const std::vector<Entry>& entries) {
  std::vector<const Entry*> pointers;
  for (const Entry& entry : entries) pointers.push_back(&entry);
  codec::WireWriter writer;
  TRY(encode_entries(writer, pointers));
  return writer.take();
}

TEST_CASE("every description of a subkey is found, before and after its parent") {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < k_subkey_descriptions.size(); ++i) {
    const ActionId parent = action_of(i);
    const Entry derived = entry_of(subkey(parent, k_subkey_descriptions[i]), 1000 + i);
    if (i % 2 == 0) entries.push_back(derived);
    entries.push_back(entry_of(parent, i));
    if (i % 2 == 1) entries.push_back(derived);
  }
  // A subkey of a subkey is given in full.
  entries.push_back(entry_of(subkey(subkey(action_of(0), "stdout"), "stdout"), 5000));
  const auto bytes = encoded(entries);
  REQUIRE(bytes.has_value());
  codec::WireReader reader(*bytes);
  const auto back = decode_entries(reader, entries.size());
  REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().message));
  CHECK(reader.finish("entries").has_value());
  CHECK(*back == entries);
}

TEST_CASE("one blob has one size, and the place that came first") {
  Entry first = entry_of(action_of(1), 7);
  Entry second = entry_of(action_of(2), 7);
  second.location.domain = "fork";
  const auto bytes = encoded({first, second});
  REQUIRE(bytes.has_value());
  codec::WireReader reader(*bytes);
  const auto back = decode_entries(reader, 2);
  REQUIRE(back.has_value());
  CHECK((*back)[1].location == first.location);
  second.record.size = 50;
  second.location.stored_size = 50;
  CHECK(encoded({first, second}).error().code == Code::invalid);
}

TEST_CASE("every cut is refused, and no announced count takes memory") {
  const Bytes bytes = *encoded({entry_of(action_of(1), 1), entry_of(action_of(2), 2)});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    codec::WireReader reader(ByteView(bytes).first(size));
    CHECK_FALSE(decode_entries(reader, 10).has_value());
  }
  for (std::size_t zeros = 0; zeros < 5; ++zeros) {
    codec::WireWriter writer;
    for (std::size_t i = 0; i < zeros; ++i) writer.varint(0);
    writer.varint(~std::uint64_t{0} >> 8U);
    codec::WireReader reader(writer.bytes());
    CHECK_FALSE(decode_entries(reader, 10).has_value());
  }
}

}  // namespace
}  // namespace sluice::store
