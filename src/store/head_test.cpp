#include "store/head.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::body_of;

ManifestRef ref_of(std::uint64_t number, const std::string& job_name, std::size_t inlined = 0,
                   const std::string& run = "run", const std::string& leg = "") {
  ManifestRef ref;
  ref.id = sha256_as<ManifestId>(bytes_of("manifest " + std::to_string(number)));
  ref.size = 1000 + number;
  ref.created_ns = static_cast<UnixNanos>(number);
  ref.records = number;
  ref.job_name = job_name;
  ref.job_run = run;
  ref.job_id = run + "/" + job_name + leg;
  ref.inlined = body_of(number, inlined);
  return ref;
}

Head sample() {
  Head head;
  head.domain = "trusted";
  head.scope_name = "branch:github.com/o/r:main";
  add_to_head(head, ref_of(1, "build", 120), 1'700'000'000'000'000'000);
  add_to_head(head, ref_of(2, "test"), 1'700'000'000'000'000'001);
  head.counter = 2;
  return head;
}

std::vector<std::string> names_of(const Head& head) {
  std::vector<std::string> names;
  for (const ManifestRef& ref : head.manifests) names.push_back(ref.job_name);
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("a head comes back as it was") {
  const Head head = sample();
  const auto back = decode_head(*encode_head(head));
  REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().message));
  CHECK(*back == head);
  CHECK(back->counter == 2);
}

TEST_CASE("the golden head of version 1") {
  const Bytes bytes = *encode_head(sample());
  const Bytes golden = testing::golden_file("head/v1", bytes);
  CHECK(golden == bytes);
  const auto back = decode_head(golden);
  REQUIRE(back.has_value());
  CHECK(*back == sample());
}

TEST_CASE("newest first, one for each job, bounded in number") {
  Head head = sample();
  CHECK(names_of(head) == Names{"test", "build"});
  add_to_head(head, ref_of(3, "build"), 5);
  CHECK(names_of(head) == Names{"build", "test"});
  CHECK(head.manifests[0].id == ref_of(3, "").id);
  add_to_head(head, ref_of(3, "renamed"), 6);
  CHECK(names_of(head) == Names{"renamed", "test"});
  CHECK(head.counter == 4);
  CHECK(head.updated_ns == 6);
  for (std::uint64_t i = 0; i < 40; ++i) add_to_head(head, ref_of(100 + i, std::to_string(i)), 7);
  CHECK(head.manifests.size() == k_head_manifests_max);
  CHECK(head.manifests[0].job_name == "39");
}

TEST_CASE("a counter grows with each write, and is no less than the clock") {
  Head head;
  add_to_head(head, ref_of(1, "a"), 5'000'000);
  CHECK(head.counter == 5);
  add_to_head(head, ref_of(2, "a"), 5'000'001);
  CHECK(head.counter == 6);
  add_to_head(head, ref_of(3, "a"), -1);  // a clock before 1970
  CHECK(head.counter == 7);
}

// Runs and legs, newest first.
Names legs_of(const Head& head) {
  Names legs;
  for (const ManifestRef& ref : head.manifests) legs.push_back(ref.job_id);
  return legs;
}

TEST_CASE("the legs of a matrix stand side by side, and a run replaces the one before leg by leg") {
  Head head;
  for (std::uint64_t leg = 0; leg < 3; ++leg) {
    add_to_head(head, ref_of(leg, "test", 0, "1", std::to_string(leg)), 1);
  }
  CHECK(legs_of(head) == Names{"1/test2", "1/test1", "1/test0"});
  add_to_head(head, ref_of(10, "test", 0, "2", "1"), 2);
  CHECK(legs_of(head) == Names{"2/test1", "1/test2", "1/test1"});
  add_to_head(head, ref_of(11, "test", 0, "2", "1"), 2);  // the same job once more
  CHECK(legs_of(head) == Names{"2/test1", "1/test2", "1/test1"});
  add_to_head(head, ref_of(12, "test", 0, "2", "0"), 2);
  add_to_head(head, ref_of(13, "test", 0, "2", "2"), 2);
  CHECK(legs_of(head) == Names{"2/test2", "2/test0", "2/test1"});
  add_to_head(head, ref_of(14, "lint", 0, "1"), 3);
  CHECK(head.manifests.size() == 4);
}

TEST_CASE("copies are dropped from the oldest on when the head grows too large") {
  Head head = sample();
  for (std::uint64_t i = 0; i < 20; ++i) {
    add_to_head(head, ref_of(100 + i, std::to_string(i), k_inline_manifest_max), 1);
  }
  const auto bytes = encode_head(head);
  REQUIRE(bytes.has_value());
  CHECK(bytes->size() <= k_head_size_target);
  CHECK_FALSE(head.manifests.front().inlined.empty());
  CHECK(head.manifests.size() == 22);
  bool dropped = false;
  for (std::size_t i = 0; i < 20; ++i) {
    if (head.manifests[i].inlined.empty()) dropped = true;
    CHECK(head.manifests[i].inlined.empty() == dropped);
  }
  CHECK(dropped);
}

TEST_CASE("a later version, another kind of thing and what breaks a bound are refused") {
  Bytes bytes = *encode_head(sample());
  bytes[8] = std::byte{2};
  const auto later = decode_head(bytes);
  REQUIRE_FALSE(later.has_value());
  CHECK(later.error().code == Code::unsupported);
  CHECK(later.error().message == "format version 2 is newer than this sluice knows (1)");
  const Bytes manifest = seal({"SLUICEMF", "manifest", 1000}, body_of(1, 10));
  CHECK(decode_head(manifest).error().code == Code::corrupt);
  CHECK(decode_head(Bytes(k_head_size_max + 1)).error().code == Code::corrupt);
  Head head = sample();
  head.domain = "../x";
  CHECK_FALSE(encode_head(head).has_value());
  head = sample();
  head.manifests.resize(k_head_manifests_max + 1);
  CHECK_FALSE(encode_head(head).has_value());
}

TEST_CASE("damage to a head is always seen") {
  const Bytes bytes = *encode_head(sample());
  CHECK(rc::check("damage", [&] {
    Bytes damaged = bytes;
    const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
    // The signature itself is not under the checksum that it signs.
    constexpr std::size_t k_signature_begin = 72;
    RC_PRE(at < k_signature_begin || at >= k_envelope_size);
    damaged[at] ^= static_cast<std::byte>(1U << *rc::gen::inRange(0U, 8U));
    RC_ASSERT(!decode_head(damaged).has_value());
    damaged.resize(at);
    RC_ASSERT(!decode_head(damaged).has_value());
  }));
}

}  // namespace
}  // namespace sluice::store
