#include "store/head_memory.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

TEST_CASE("the highest counter stays, over objects and processes") {
  const testing::Files files;
  const sys::Path file = files.path() / "heads" / "one";
  HeadMemory memory(file);
  CHECK(memory.highest("a") == 0);
  REQUIRE(memory.saw({{"a", 5}, {"b", 1}}).has_value());
  REQUIRE(memory.saw({{"a", 3}}).has_value());
  CHECK(memory.highest("a") == 5);
  HeadMemory other(file);
  CHECK(other.highest("a") == 5);
  // Both write: neither loses what the other has seen.
  REQUIRE(other.saw({{"a", 9}}).has_value());
  REQUIRE(memory.saw({{"c", 2}}).has_value());
  const HeadMemory third(file);
  CHECK(third.highest("a") == 9);
  CHECK(third.highest("b") == 1);
  CHECK(third.highest("c") == 2);
}

TEST_CASE("a damaged file counts as empty and is written anew") {
  const testing::Files files;
  const sys::Path file = files.path() / "one";
  REQUIRE(sys::write_file_atomic(file, bytes_of("not what it should be")).has_value());
  HeadMemory memory(file);
  CHECK(memory.highest("a") == 0);
  REQUIRE(memory.saw({{"a", 1}}).has_value());
  CHECK(HeadMemory(file).highest("a") == 1);
}

TEST_CASE("bounded: what was not seen for the longest time goes first") {
  const testing::Files files;
  const sys::Path file = files.path() / "one";
  HeadMemory memory(file);
  REQUIRE(memory.saw({{"first", 1}}).has_value());
  std::vector<SeenHead> many;
  for (std::size_t i = 0; i < k_heads_remembered_max; ++i) many.push_back({std::to_string(i), 7});
  REQUIRE(memory.saw(many).has_value());
  const HeadMemory again(file);
  CHECK(again.highest("first") == 0);
  CHECK(again.highest("0") == 7);
  CHECK(sys::stat_file(file).value()->size < k_head_memory_bytes_max);
}

TEST_CASE("a place that cannot be written is an error, and what was seen stays in memory") {
  const testing::Files files;
  REQUIRE(sys::write_file_atomic(files.path() / "file", {}).has_value());
  HeadMemory memory(files.path() / "file" / "one");
  CHECK_FALSE(memory.saw({{"a", 4}}).has_value());
  CHECK(memory.highest("a") == 4);
}

}  // namespace
}  // namespace sluice::store
