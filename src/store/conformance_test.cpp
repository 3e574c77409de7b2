#include "store/conformance.hpp"

#include "base/digest.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sluice::store {
namespace {

constexpr auto k_wait = std::chrono::seconds(60);
constexpr std::uint64_t k_size_max = 1ULL << 30U;

Deadline soon() { return Deadline::after(k_wait); }

// Bytes that no compression or sparse file makes smaller, the same for the same seed.
Bytes noise(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (std::byte& one : bytes) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    one = static_cast<std::byte>(state >> 24U);
  }
  return bytes;
}

std::string put(Objects& objects, std::string_view key, ByteView bytes) {
  const auto put = objects.put(key, Body(bytes), PutCondition::always(), soon());
  REQUIRE_MESSAGE(put.has_value(), (put ? "" : put.error().message));
  CHECK(put->stored);
  CHECK(put->etag.empty() != objects.capabilities().etags);
  return put->etag;
}

std::string put(Objects& objects, std::string_view key, std::string_view text) {
  return put(objects, key, bytes_of(text));
}

std::string text_at(Objects& objects, std::string_view key) {
  const auto object = objects.get(key, k_size_max, soon());
  REQUIRE_MESSAGE(object.has_value(), (object ? "" : object.error().message));
  return *object ? std::string(text_of((*object)->bytes)) : "(absent)";
}

// What a range gives: its bytes, "(absent)" or the error's code.
std::string range(Objects& objects, std::string_view key, std::uint64_t offset,
                  std::uint64_t length) {
  std::string text;
  const auto found = objects.get_range(
      key, offset, length,
      [&](ByteView bytes) -> Result<void> {
        text += text_of(bytes);
        return {};
      },
      soon());
  if (!found) return "(" + std::string(name_of(found.error().code)) + ")";
  return *found ? text : "(absent)";
}

std::vector<std::string> all_keys(Objects& objects, std::string_view prefix, std::size_t limit) {
  std::vector<std::string> keys;
  for (;;) {
    const auto page = objects.list(prefix, keys.empty() ? "" : keys.back(), limit, soon());
    REQUIRE_MESSAGE(page.has_value(), (page ? "" : page.error().message));
    CHECK(page->keys.size() <= limit);
    keys.insert(keys.end(), page->keys.begin(), page->keys.end());
    if (!page->more) return keys;
    REQUIRE_FALSE(page->keys.empty());
  }
}

void check_remove(Objects& objects, std::string_view key) {
  const auto removed = objects.remove(key, soon());
  CHECK(removed.has_value() == objects.capabilities().remove);
  if (!removed) CHECK(removed.error().code == Code::unsupported);
}

void check_absent(Objects& objects) {
  INFO("absent");
  CHECK(text_at(objects, "t/absent") == "(absent)");
  CHECK(range(objects, "t/absent", 0, 10) == "(absent)");
  CHECK(range(objects, "t/absent", 0, 0) == "(absent)");
  const auto info = objects.head("t/absent", soon());
  REQUIRE(info.has_value());
  CHECK_FALSE(info->has_value());
  check_remove(objects, "t/absent");
  if (objects.capabilities().list) CHECK(all_keys(objects, "t/absent", 10).empty());
}

void check_put_and_get(Objects& objects, Objects& other) {
  INFO("put and get");
  const std::string first = put(objects, "t/one", "first");
  CHECK(text_at(objects, "t/one") == "first");
  CHECK(text_at(other, "t/one") == "first");
  const std::string second = put(objects, "t/one", "second");
  if (objects.capabilities().etags) CHECK(second != first);
  CHECK(text_at(other, "t/one") == "second");
  const auto object = other.get("t/one", k_size_max, soon());
  REQUIRE((object && *object));
  CHECK((*object)->etag == second);
  const auto info = other.head("t/one", soon());
  REQUIRE((info && *info));
  CHECK((*info)->etag == second);
  CHECK((*info)->size == 6);
  check_remove(objects, "t/one");
  if (objects.capabilities().remove) CHECK(text_at(other, "t/one") == "(absent)");
  const std::string third = put(other, "t/one", "third");
  if (objects.capabilities().etags) CHECK(third != second);
  CHECK(text_at(objects, "t/one") == "third");
}

void check_empty(Objects& objects) {
  INFO("empty object");
  put(objects, "t/empty", "");
  CHECK(text_at(objects, "t/empty").empty());
  CHECK(range(objects, "t/empty", 0, 0).empty());
  CHECK(range(objects, "t/empty", 0, 1) == "(corrupt)");
  const auto info = objects.head("t/empty", soon());
  REQUIRE((info && *info));
  CHECK((*info)->size == 0);
}

void check_ranges(Objects& objects) {
  INFO("ranges");
  put(objects, "t/range", "0123456789");
  CHECK(range(objects, "t/range", 0, 10) == "0123456789");
  CHECK(range(objects, "t/range", 0, 1) == "0");
  CHECK(range(objects, "t/range", 9, 1) == "9");
  CHECK(range(objects, "t/range", 3, 4) == "3456");
  CHECK(range(objects, "t/range", 3, 0).empty());
  CHECK(range(objects, "t/range", 9, 2) == "(corrupt)");
  CHECK(range(objects, "t/range", 10, 1) == "(corrupt)");
  CHECK(range(objects, "t/range", ~std::uint64_t{0}, 2) == "(corrupt)");
  CHECK(range(objects, "t/range", 2, ~std::uint64_t{0}) == "(corrupt)");
  const auto stopped = objects.get_range(
      "t/range", 0, 10, [](ByteView) -> Result<void> { return fail(Code::cancelled, "enough"); },
      soon());
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().code == Code::cancelled);
  CHECK(stopped.error().message == "enough");
}

void check_size_bound(Objects& objects) {
  INFO("bound of get");
  put(objects, "t/bounded", "0123456789");
  CHECK(objects.get("t/bounded", 10, soon()).has_value());
  const auto refused = objects.get("t/bounded", 9, soon());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::exhausted);
}

void check_keys(Objects& objects) {
  INFO("keys");
  const std::string longest_element(k_key_element_size_max, 'e');
  std::string longest = "t";
  while (longest.size() + 1 + longest_element.size() <= k_key_size_max) {
    longest += "/" + longest_element;
  }
  for (const std::string& key : {std::string("t/a-b_c.d"), std::string("t/-"), std::string("t/_._"),
                                 std::string("t/0/1/2/3"), std::string("t/x.tmp"), longest}) {
    INFO(key);
    put(objects, key, key);
    CHECK(text_at(objects, key) == key);
    check_remove(objects, key);
  }
  for (const std::string& key :
       {std::string(), std::string("/t"), std::string("t/"), std::string("t//a"), std::string("."),
        std::string(".."), std::string("t/../u"), std::string("t/.hidden"), std::string("T/a"),
        std::string("t/a b"), std::string("t/a%20"), std::string("t/\xc3\xa4"),
        std::string("t/a\n"), std::string("t/a\0b", 5), std::string("t\\a"),
        "t/" + longest_element + "e", longest + "/" + longest_element}) {
    INFO(key);
    const auto refused = objects.put(key, Body(bytes_of("x")), PutCondition::always(), soon());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::invalid);
    CHECK_FALSE(objects.get(key, 10, soon()).has_value());
    CHECK_FALSE(objects.head(key, soon()).has_value());
    CHECK_FALSE(objects.remove(key, soon()).has_value());
  }
}

void check_list(Objects& objects) {
  INFO("list");
  // Byte order of whole keys: '-' and '.' come before '/', which comes before letters.
  const std::vector<std::string> keys = {"l/a-b", "l/a.b", "l/a/1", "l/a/2/x", "l/a/2/y",
                                         "l/a0",  "l/ab",  "l/b/1", "l/c"};
  for (const std::string& key : keys) put(objects, key, "x");
  put(objects, "la", "x");
  for (const std::size_t limit : {1U, 2U, 3U, 9U, 1000U})
    CHECK(all_keys(objects, "l/", limit) == keys);
  CHECK(all_keys(objects, "l/a/", 10) == std::vector<std::string>{"l/a/1", "l/a/2/x", "l/a/2/y"});
  CHECK(all_keys(objects, "l/a", 10).size() == 7);
  CHECK(all_keys(objects, "l/a/2", 10).size() == 2);
  CHECK(all_keys(objects, "l/a/2/x", 10) == std::vector<std::string>{"l/a/2/x"});
  CHECK(all_keys(objects, "l/zz", 10).empty());
  const auto after = objects.list("l/", "l/a/2", 1000, soon());
  REQUIRE(after.has_value());
  CHECK(after->keys == std::vector<std::string>(keys.begin() + 3, keys.end()));
  CHECK_FALSE(after->more);
  const auto exact = objects.list("l/", "", keys.size(), soon());
  REQUIRE(exact.has_value());
  CHECK(exact->keys == keys);
  CHECK(exact->sizes == std::vector<std::uint64_t>(keys.size(), 1));
  CHECK_FALSE(exact->more);
  const auto past = objects.list("l/", "m", 1000, soon());
  REQUIRE(past.has_value());
  CHECK(past->keys.empty());
  for (const std::string& key : keys) CHECK(objects.remove(key, soon()).has_value());
  CHECK(objects.remove("la", soon()).has_value());
  CHECK(all_keys(objects, "l", 10).empty());
}

void check_if_absent(Objects& objects) {
  INFO("if absent");
  const auto first = objects.put("t/new", Body(bytes_of("a")), PutCondition::absent(), soon());
  REQUIRE(first.has_value());
  CHECK(first->stored);
  const auto second = objects.put("t/new", Body(bytes_of("b")), PutCondition::absent(), soon());
  REQUIRE(second.has_value());
  CHECK_FALSE(second->stored);
  CHECK(text_at(objects, "t/new") == "a");
}

void check_if_match(Objects& objects) {
  INFO("if match");
  const auto none = objects.put("t/cas", Body(bytes_of("x")), PutCondition::match("tag"), soon());
  REQUIRE(none.has_value());
  CHECK_FALSE(none->stored);
  CHECK(text_at(objects, "t/cas") == "(absent)");
  const std::string first = put(objects, "t/cas", "1");
  const auto second = objects.put("t/cas", Body(bytes_of("2")), PutCondition::match(first), soon());
  REQUIRE(second.has_value());
  CHECK(second->stored);
  const auto stale = objects.put("t/cas", Body(bytes_of("3")), PutCondition::match(first), soon());
  REQUIRE(stale.has_value());
  CHECK_FALSE(stale->stored);
  CHECK(text_at(objects, "t/cas") == "2");
  const Bytes large = noise((2U << 20U) + 1, 7);
  const std::string large_tag = put(objects, "t/cas", large);
  const auto back =
      objects.put("t/cas", Body(bytes_of("4")), PutCondition::match(large_tag), soon());
  REQUIRE(back.has_value());
  CHECK(back->stored);
  CHECK(text_at(objects, "t/cas") == "4");
}

// Of several writers with one condition exactly one wins, round after round.
void check_races(const ObjectsFactory& open, PutCondition::Kind kind) {
  INFO("races");
  constexpr int k_rounds = 25;
  constexpr std::size_t k_writers = 4;
  std::array<std::unique_ptr<Objects>, k_writers> clients;
  for (auto& client : clients) client = open();
  std::string etag = put(*clients[0], "r/match", "start");
  for (int round = 0; round < k_rounds; ++round) {
    const std::string key =
        kind == PutCondition::Kind::if_absent ? "r/new" + std::to_string(round) : "r/match";
    std::atomic<int> stored = 0;
    std::array<std::string, k_writers> etags;
    std::array<bool, k_writers> good{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < k_writers; ++i) {
      threads.emplace_back([&, i] {
        const std::string body = "round " + std::to_string(round) + " writer " + std::to_string(i);
        const auto put =
            clients[i]->put(key, Body(bytes_of(body)), PutCondition{kind, etag}, soon());
        good[i] = put.has_value();
        if (!put || !put->stored) return;
        ++stored;
        etags[i] = put->etag;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(std::all_of(good.begin(), good.end(), [](bool one) { return one; }));
    CHECK(stored == 1);
    for (std::size_t i = 0; i < k_writers; ++i) {
      if (etags[i].empty()) continue;
      etag = etags[i];
      CHECK(text_at(*clients[0], key) ==
            "round " + std::to_string(round) + " writer " + std::to_string(i));
    }
  }
}

// Readers see one whole object or the other while it is replaced, removed and written again.
void check_whole(const ObjectsFactory& open) {
  INFO("all or nothing");
  const auto writer = open();
  const auto reader = open();
  const Bytes small = noise(1000, 1);
  const Bytes large = noise((1U << 20U) + 77, 2);
  put(*writer, "w/object", small);
  std::atomic<bool> ended = false;
  std::atomic<int> wrong = 0;
  std::thread reading([&] {
    while (!ended) {
      const auto object = reader->get("w/object", k_size_max, soon());
      if (!object) {
        ++wrong;
      } else if (*object && (*object)->bytes != small && (*object)->bytes != large) {
        ++wrong;
      }
    }
  });
  for (int i = 0; i < 30; ++i) {
    put(*writer, "w/object", i % 2 == 0 ? large : small);
    if (i % 5 == 0) check_remove(*writer, "w/object");
  }
  ended = true;
  reading.join();
  CHECK(wrong == 0);
}

void check_large_file(Objects& objects) {
  INFO("100 MB through a file");
  const auto directory = sys::TempDirectory::create("sluice-conformance-");
  REQUIRE(directory.has_value());
  auto file = sys::AtomicFile::create(directory->path() / "large");
  REQUIRE(file.has_value());
  constexpr std::size_t k_pieces = 100;
  const Bytes piece = noise(1'000'000, 3);
  Sha256 hasher;
  REQUIRE(file->write(bytes_of("skipped")).has_value());
  for (std::size_t i = 0; i < k_pieces; ++i) {
    REQUIRE(file->write(piece).has_value());
    hasher.update(piece);
  }
  const auto written = hasher.finish();
  const std::uint64_t size = k_pieces * piece.size();
  const auto stored =
      objects.put("t/large", Body::of_file(file->fd(), 7, size), PutCondition::always(), soon());
  REQUIRE_MESSAGE(stored.has_value(), (stored ? "" : stored.error().message));
  const auto info = objects.head("t/large", soon());
  REQUIRE((info && *info));
  CHECK((*info)->size == size);
  CHECK((*info)->etag == stored->etag);
  std::size_t largest = 0;
  const auto found = objects.get_range(
      "t/large", 0, size,
      [&](ByteView bytes) -> Result<void> {
        largest = std::max(largest, bytes.size());
        hasher.update(bytes);
        return {};
      },
      soon());
  REQUIRE((found && *found));
  CHECK(hasher.finish() == written);
  CHECK(largest <= 4U << 20U);  // in pieces
  CHECK(range(objects, "t/large", size - 4, 4) == text_of(ByteView(piece).last(4)));
  // A file that is shorter than announced must not become an object.
  const auto cut =
      objects.put("t/cut", Body::of_file(file->fd(), 7, size + 1), PutCondition::always(), soon());
  CHECK_FALSE(cut.has_value());
  CHECK(text_at(objects, "t/cut") == "(absent)");
  check_remove(objects, "t/large");
}

void check_deadline(Objects& objects) {
  INFO("deadline");
  put(objects, "t/late", "x");
  const Deadline passed = Deadline::after(std::chrono::milliseconds(-1));
  const auto got = objects.get("t/late", 10, passed);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().code == Code::timeout);
  const auto stored = objects.put("t/late", Body(bytes_of("y")), PutCondition::always(), passed);
  REQUIRE_FALSE(stored.has_value());
  CHECK(stored.error().code == Code::timeout);
  CHECK(text_at(objects, "t/late") == "x");
}

}  // namespace

void check_conformance(const ObjectsFactory& open) {
  const auto objects = open();
  const auto other = open();
  const Capabilities can = objects->capabilities();
  CHECK_FALSE(objects->describe().empty());
  check_absent(*objects);
  check_put_and_get(*objects, *other);
  check_empty(*objects);
  check_ranges(*objects);
  check_size_bound(*objects);
  check_keys(*objects);
  if (can.list) {
    check_list(*objects);
  } else {
    CHECK(objects->list("", "", 10, soon()).error().code == Code::unsupported);
  }
  check_whole(open);
  check_large_file(*objects);
  check_deadline(*objects);
  if (can.if_absent) {
    check_if_absent(*objects);
    check_races(open, PutCondition::Kind::if_absent);
  }
  if (can.if_match) {
    check_if_match(*objects);
    check_races(open, PutCondition::Kind::if_match);
  }
}

}  // namespace sluice::store
