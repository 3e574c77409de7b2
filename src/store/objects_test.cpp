#include "store/objects.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

using testing::body_of;

Bytes all_of(const Body& body) {
  Bytes bytes;
  const auto read = body.each([&](ByteView piece) -> Result<void> {
    CHECK(piece.size() <= 256U << 10U);
    append(bytes, piece);
    return {};
  });
  CHECK(read.has_value());
  return bytes;
}

TEST_CASE("what is a key") {
  for (const char* good : {"a", "a/b", "a.b/c-d_e/0", "trusted/v1/packs/00/ff.zst"}) {
    CHECK(check_key(good).has_value());
  }
  for (const char* bad : {"", "/", "/a", "a/", "a//b", ".", "a/..", "a/.b", "A", "a b", "a%b"}) {
    const auto checked = check_key(bad);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Code::invalid);
  }
}

TEST_CASE("a body of memory and one of a part of a file read the same") {
  const testing::Files files;
  const Bytes bytes = body_of(1, 700'000);
  const auto fd = sys::open_read(files.write(bytes));
  REQUIRE(fd.has_value());
  const Bytes part(bytes.begin() + 7, bytes.begin() + 7 + 600'000);
  const Body file = Body::of_file(fd->get(), 7, part.size());
  const Body memory{ByteView(part)};
  CHECK(all_of(file) == part);
  CHECK(all_of(memory) == part);
  CHECK(all_of(file) == part);  // again from the start
  CHECK(memory.in_memory().has_value());
  CHECK_FALSE(file.in_memory().has_value());
  for (const Body& whole : {memory, file}) {
    const Body inner = whole.part(1, 2).part(1, 1);
    Bytes one(1);
    REQUIRE(inner.size() == 1);
    REQUIRE(inner.read(0, one));
    Bytes expected(1);
    REQUIRE(whole.read(2, expected));
    CHECK(one == expected);
    CHECK_FALSE(inner.read(0, expected = Bytes(2)));
  }
  for (const Body& body : {file, memory}) {
    Bytes some(100);
    REQUIRE(body.read(599'900, some).has_value());
    CHECK(some == Bytes(part.end() - 100, part.end()));
    CHECK_FALSE(body.read(599'901, some).has_value());
    CHECK(body.size() == part.size());
  }
}

TEST_CASE("a file that is shorter than announced is an error, an empty one is in memory") {
  const testing::Files files;
  const auto fd = sys::open_read(files.write(body_of(1, 10)));
  REQUIRE(fd.has_value());
  const auto read =
      Body::of_file(fd->get(), 5, 6).each([](ByteView) -> Result<void> { return {}; });
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == Code::io);
  CHECK(Body::of_file(fd->get(), 0, 0).in_memory().has_value());
}

}  // namespace
}  // namespace sluice::store
