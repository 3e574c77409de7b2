#include "gotool/link_cache.hpp"

#include "base/subkey.hpp"
#include "gotool/tool_memo.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

namespace sluice::gotool {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  sys::TempDirectory root = *sys::TempDirectory::create("sluice-link-cache-");
  LinkCache cache = *LinkCache::open(root.path() / "link");
  sys::Path out = root.path() / "a.out";

  static ActionId key(int number) {
    return sha256_as<ActionId>(bytes_of("key " + std::to_string(number)));
  }
  void put(int number, std::size_t size) const {
    const sys::Path file = root.path() / "made";
    REQUIRE(sys::write_file_atomic(file, bytes_of(body(number, size))));
    const auto stored = cache.put(key(number), {1500ms, "said\n", ""}, file);
    REQUIRE(stored);
    CHECK(*stored);
  }
  static std::string body(int number, std::size_t size) {
    std::string text = "program " + std::to_string(number);
    text.resize(size, 'x');
    return text;
  }
  std::optional<CachedLink> find(int number) const {
    auto found = cache.find(key(number));
    REQUIRE(found);
    return std::move(*found);
  }
  // As if it had been stored, or hit, so long ago.
  void set_age(int number, std::chrono::hours since_stored, std::chrono::hours since_hit) const {
    const auto link = find(number);
    REQUIRE(link);
    const UnixNanos now = unix_now_ns();
    const auto ns = [](std::chrono::hours age) { return std::chrono::nanoseconds(age).count(); };
    const auto tier = LocalTier::open(root.path() / "link");
    REQUIRE(tier->link(key(number), link->output, link->size, now - ns(since_stored)));
    const std::string hex = key(number).hex();
    REQUIRE(
        sys::touch(root.path() / "link" / hex.substr(0, 2) / (hex + "-a"), now - ns(since_hit)));
  }
};

}  // namespace

TEST_CASE("what was linked once is placed as a new file") {
  const Fixture fixture;
  CHECK(fixture.find(1) == std::nullopt);
  fixture.put(1, 3'000'000);
  const auto link = fixture.find(1);
  REQUIRE(link);
  CHECK(link->info.link_time == 1500ms);
  CHECK(link->info.standard_output == "said\n");
  REQUIRE(sys::write_file_atomic(fixture.out, bytes_of("something old"), 0600));
  REQUIRE(fixture.cache.place(*link, fixture.out));
  CHECK(*digest_of_file(fixture.out) == link->output);
  const auto placed = sys::stat_file(fixture.out);
  const auto kept = sys::stat_file(link->file);
  CHECK((*placed)->inode != (*kept)->inode);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  CHECK(((*placed)->mode & 0777U) == (0775U & ~mask));
}

TEST_CASE("a damaged program is removed and nothing is left of it") {
  const Fixture fixture;
  fixture.put(1, 100'000);
  const auto link = fixture.find(1);
  REQUIRE(sys::write_file_atomic(link->file, bytes_of(std::string(100'000, 'y'))));
  const auto placed = fixture.cache.place(*link, fixture.out);
  REQUIRE_FALSE(placed);
  CHECK(placed.error().code == Code::corrupt);
  CHECK_FALSE(sys::stat_file(fixture.out)->has_value());
  CHECK(fixture.find(1) == std::nullopt);
  fixture.put(1, 100'000);
  CHECK(fixture.cache.place(*fixture.find(1), fixture.out));
}

TEST_CASE("half an entry is a miss") {
  const Fixture fixture;
  fixture.put(1, 100'000);
  const auto link = fixture.find(1);
  REQUIRE(sys::write_file_atomic(link->file, bytes_of("short")));
  CHECK(fixture.find(1) == std::nullopt);
  REQUIRE(sys::remove_file(link->file));
  CHECK(fixture.find(1) == std::nullopt);
}

TEST_CASE("what cannot be placed is an error, and a directory is no file") {
  const Fixture fixture;
  fixture.put(1, 1000);
  const auto link = fixture.find(1);
  CHECK_FALSE(fixture.cache.place(*link, fixture.root.path() / "absent/a.out"));
  CHECK_FALSE(fixture.cache.place(*link, fixture.root.path()));
  CHECK_FALSE(fixture.cache.put(Fixture::key(2), {}, fixture.root.path() / "absent"));
}

TEST_CASE("new programs get a part of the quota, those that are hit the rest") {
  const Fixture fixture;
  for (int i = 1; i <= 4; ++i) fixture.put(i, 100'000);
  fixture.set_age(1, 50h, 40h);  // hit
  fixture.set_age(2, 50h, 3h);   // hit, later
  fixture.set_age(3, 30h, 30h);  // never hit
  fixture.set_age(4, 2h, 2h);    // never hit, newer
  CHECK(fixture.cache.trim(500'000, 100'000) == 0U);
  CHECK(*fixture.cache.trim(350'000, 150'000) >= 100'000U);
  CHECK_FALSE(fixture.find(3));
  CHECK(fixture.find(1));
  CHECK(*fixture.cache.trim(250'000, 150'000) >= 100'000U);
  CHECK_FALSE(fixture.find(1));
  CHECK(fixture.find(2));
  CHECK(fixture.find(4));
  fixture.put(5, 100'000);
  CHECK(fixture.cache.trim(250'000, 150'000));
  CHECK_FALSE(fixture.find(4));
  CHECK(fixture.find(5));
  CHECK(fixture.find(2));
}

TEST_CASE("what nobody asks for goes after a while") {
  const Fixture fixture;
  for (int i = 1; i <= 4; ++i) fixture.put(i, 1000);
  fixture.set_age(1, 24h * 8, 24h * 8);
  fixture.set_age(2, 24h * 60, 24h * 8);
  fixture.set_age(3, 24h * 60, 24h * 31);
  CHECK(fixture.cache.trim());
  CHECK_FALSE(fixture.find(1));
  CHECK(fixture.find(2));
  CHECK_FALSE(fixture.find(3));
  CHECK(fixture.find(4));
}

TEST_CASE("a hit is remembered") {
  const Fixture fixture;
  fixture.put(1, 1000);
  fixture.set_age(1, 24h * 8, 24h * 8);
  REQUIRE(fixture.cache.place(*fixture.find(1), fixture.out));
  CHECK(fixture.cache.trim());
  CHECK(fixture.find(1));
}

TEST_CASE("two entries of one program keep it while one is left") {
  const Fixture fixture;
  const sys::Path file = fixture.root.path() / "made";
  REQUIRE(sys::write_file_atomic(file, bytes_of("the same")));
  REQUIRE(fixture.cache.put(Fixture::key(1), {}, file));
  REQUIRE(fixture.cache.put(Fixture::key(2), {}, file));
  fixture.set_age(1, 24h * 8, 24h * 8);
  CHECK(fixture.cache.trim());
  CHECK_FALSE(fixture.find(1));
  CHECK(fixture.find(2));
}

}  // namespace sluice::gotool
