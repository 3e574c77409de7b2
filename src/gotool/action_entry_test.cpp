#include "gotool/action_entry.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <limits>

using namespace sluice;
using namespace sluice::gotool;

namespace {

ActionId action_of(char fill) { return sha256_as<ActionId>(bytes_of(std::string(1, fill))); }

const ActionEntry k_sample{action_of('a'), k_empty_blob, 1234, 1'700'000'000'123'456'789};

}  // namespace

TEST_CASE("an entry is written as Go writes it") {
  CHECK(encode_action_entry(k_sample) ==
        "v1 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb "
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 "
        "                1234  1700000000123456789\n");
}

TEST_CASE("what was written is read back") {
  rc::check("round trip", [](const std::array<std::uint8_t, 32>& action,
                             const std::array<std::uint8_t, 32>& output) {
    ActionEntry entry;
    entry.action = sha256_as<ActionId>(std::as_bytes(std::span(action)));
    entry.output = sha256_as<BlobId>(std::as_bytes(std::span(output)));
    entry.size = *rc::gen::inRange<std::uint64_t>(0, std::numeric_limits<std::int64_t>::max());
    entry.time_ns = *rc::gen::inRange<UnixNanos>(0, std::numeric_limits<UnixNanos>::max());
    const auto text = encode_action_entry(entry);
    RC_ASSERT(text.size() == k_action_entry_size);
    const auto back = decode_action_entry(entry.action, text);
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->output == entry.output);
    RC_ASSERT(back->size == entry.size);
    RC_ASSERT(back->time_ns == entry.time_ns);
  });
}

TEST_CASE("anything else is nothing") {
  const std::string good = encode_action_entry(k_sample);
  REQUIRE(decode_action_entry(k_sample.action, good));
  CHECK_FALSE(decode_action_entry(action_of('b'), good));
  CHECK_FALSE(decode_action_entry(k_sample.action, ""));
  CHECK_FALSE(decode_action_entry(k_sample.action, good.substr(0, good.size() - 1)));
  CHECK_FALSE(decode_action_entry(k_sample.action, good + "\n"));
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{67},
                               std::size_t{132}, std::size_t{153}, std::size_t{174}}) {
    std::string bad = good;
    bad[at] = '#';
    CAPTURE(at);
    CHECK_FALSE(decode_action_entry(k_sample.action, bad));
  }
  const auto with_size = [&](std::string_view size) {
    std::string text = good;
    text.replace(133, 20, std::string(20 - size.size(), ' ') + std::string(size));
    return decode_action_entry(k_sample.action, text);
  };
  CHECK(with_size("0"));
  CHECK(with_size("9223372036854775807"));
  CHECK_FALSE(with_size("9223372036854775808"));
  CHECK_FALSE(with_size("-1"));
  CHECK_FALSE(with_size("1x"));
  CHECK_FALSE(with_size("1 "));
  CHECK_FALSE(with_size(""));
}
