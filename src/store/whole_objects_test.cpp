#include "store/whole_objects.hpp"

#include "store/layout.hpp"
#include "store/pack.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sluice::store {
namespace {

using testing::MemoryObjects;
using testing::soon;

struct Packs {
  MemoryObjects* memory = nullptr;
  std::atomic<int> gets = 0;
  std::unique_ptr<Objects> objects;

  Packs() {
    auto inner = std::make_unique<MemoryObjects>();
    memory = inner.get();
    memory->before_get = [this](std::string_view) -> Result<void> {
      ++gets;
      return {};
    };
    objects = with_whole_objects(std::move(inner));
  }
  std::string put(int number, std::size_t size) {
    const Bytes body(size, static_cast<std::byte>(number));
    const std::string key = pack_key("t", pack_id(body));
    REQUIRE(memory->put(key, Body(body), PutCondition::always(), soon()).has_value());
    return key;
  }
  std::string range(const std::string& key, std::uint64_t offset, std::uint64_t length) {
    std::string text;
    const auto found = objects->get_range(
        key, offset, length,
        [&](ByteView bytes) -> Result<void> {
          text += text_of(bytes);
          return {};
        },
        soon());
    if (!found) return std::string(name_of(found.error().code));
    return *found ? text : "(absent)";
  }
};

TEST_CASE("several ranges of a pack bring it once, also at the same time") {
  Packs packs;
  const std::string key = packs.put(1, 1U << 20U);
  std::vector<std::thread> threads;
  threads.reserve(8);
  std::atomic<int> right = 0;
  for (std::uint64_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (packs.range(key, i * 1000, 300'000) == std::string(300'000, '\1')) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(packs.gets == 1);
  CHECK(packs.range(key, (1U << 20U) - 1, 2) == "corrupt");
  CHECK(packs.range(key, ~std::uint64_t{0}, 2) == "corrupt");
  CHECK(packs.gets == 1);
}

TEST_CASE("what was absent or failed is asked for again, and a put is seen") {
  Packs packs;
  const Bytes body(10, std::byte{'x'});
  const std::string key = pack_key("t", pack_id(body));
  CHECK(packs.range(key, 0, 10) == "(absent)");
  REQUIRE(packs.objects->put(key, Body(body), PutCondition::always(), soon()).has_value());
  CHECK(packs.range(key, 0, 10) == "xxxxxxxxxx");
  const Bytes other(10, std::byte{'y'});
  REQUIRE(packs.objects->put(key, Body(other), PutCondition::always(), soon()).has_value());
  packs.memory->before_get = [](std::string_view) { return fail(Code::unavailable, "no"); };
  CHECK(packs.range(key, 0, 10) == "unavailable");
  packs.memory->before_get = nullptr;
  CHECK(packs.range(key, 0, 10) == "yyyyyyyyyy");
}

TEST_CASE("the packs used last are kept, within a bound") {
  Packs packs;
  std::vector<std::string> keys;
  keys.reserve(6);
  constexpr std::size_t k_size = 8U << 20U;
  for (int i = 0; i < 6; ++i) keys.push_back(packs.put(i, k_size));
  for (const std::string& key : keys) CHECK(packs.range(key, 1, 1).size() == 1);
  CHECK(packs.gets == 6);
  CHECK(packs.range(keys.back(), 5, 1).size() == 1);
  CHECK(packs.gets == 6);
  CHECK(packs.range(keys.front(), 5, 1).size() == 1);
  CHECK(packs.gets == 7);
}

TEST_CASE("what may change, or comes whole anyway, is not kept") {
  Packs packs;
  const Bytes body(10, std::byte{'x'});
  for (const std::string& key : {std::string("t/v1/scopes/aa/x"), std::string("t/v1/blobs/aa/x")}) {
    REQUIRE(packs.objects->put(key, Body(body), PutCondition::always(), soon()).has_value());
    const int before = packs.gets;
    CHECK(packs.range(key, 0, 10) == "xxxxxxxxxx");
    CHECK(packs.range(key, 0, 10) == "xxxxxxxxxx");
    CHECK(packs.gets == before + 2);
  }
}

}  // namespace
}  // namespace sluice::store
