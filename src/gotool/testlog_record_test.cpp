#include "gotool/testlog_record.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::gotool;

namespace {

TestRecord example() {
  TestRecord record;
  record.import_path = "example.org/m/p";
  record.umask = 027;
  record.godebug = 9;
  record.lines = {{TestOp::getenv, "HOME", 200}, {TestOp::open, "p/testdata/a b", 0xfffffffe}};
  return record;
}

}  // namespace

TEST_CASE("an inputs record comes back as it was") {
  const TestRecord record = example();
  const auto again = TestRecord::decode(record.encode());
  REQUIRE(again);
  CHECK(again->import_path == record.import_path);
  CHECK(again->umask == 027);
  CHECK(again->godebug == 9);
  CHECK(again->lines[0].part == 200);
  REQUIRE(again->lines.size() == 2);
  CHECK(again->lines[1].op == TestOp::open);
  CHECK(again->lines[1].name == "p/testdata/a b");
  CHECK(again->lines[1].part == 0xfffffffe);
}

TEST_CASE("what is no inputs record is refused, wherever it is damaged") {
  const Bytes bytes = example().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(TestRecord::decode(ByteView(bytes).first(size)));
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_FALSE(TestRecord::decode(longer));
  Bytes other_version = bytes;
  other_version.at(20) = std::byte{'1'};
  CHECK_FALSE(TestRecord::decode(other_version));
  Bytes other_op = bytes;
  other_op.at(bytes.size() - 4 - 15 - 1) = std::byte{4};
  CHECK_FALSE(TestRecord::decode(other_op));
}
