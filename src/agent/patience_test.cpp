#include "agent/patience.hpp"

#include "agent/testing.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;

// A purse of a second, and a clock that the test moves.
struct Purse {
  Patience patience{milliseconds(1000)};
  Patience::Clock::time_point now = Patience::Clock::now();
  Purse() { patience.blocked(now, true); }
  void pass(int ms) { now += milliseconds(ms); }
  bool given_up() { return patience.is_given_up(now); }
};

TEST_CASE("time counts only while somebody waits, and once for all who do") {
  Purse purse;
  purse.pass(5000);
  CHECK_FALSE(purse.given_up());
  CHECK(purse.patience.begin(purse.now));
  CHECK(purse.patience.begin(purse.now));
  purse.pass(600);
  purse.patience.end(purse.now);
  purse.patience.end(purse.now);
  purse.pass(2000);  // worth a twentieth
  CHECK_FALSE(purse.given_up());
  CHECK(purse.patience.begin(purse.now));
  purse.pass(499);
  CHECK_FALSE(purse.given_up());
  purse.pass(1);
  CHECK(purse.given_up());
  CHECK_FALSE(purse.patience.begin(purse.now));
}

TEST_CASE("only time in which a request is blocked on the store counts") {
  Purse purse;
  CHECK(purse.patience.begin(purse.now));
  purse.patience.blocked(purse.now, false);
  purse.pass(60000);
  CHECK_FALSE(purse.given_up());
  purse.patience.blocked(purse.now, true);
  purse.pass(1000);
  CHECK(purse.given_up());
}

TEST_CASE("what comes fills the purse up to its size") {
  Purse purse;
  CHECK(purse.patience.begin(purse.now));
  for (int i = 0; i < 100; ++i) {
    purse.pass(500);
    purse.patience.moved(purse.now, 32768);  // worth half a second
    CHECK_FALSE(purse.given_up());
  }
  purse.patience.moved(purse.now, 100U << 20U);
  purse.pass(1000);
  CHECK(purse.given_up());
}

TEST_CASE("a trickle is as good as nothing") {
  Purse purse;
  CHECK(purse.patience.begin(purse.now));
  int ms = 0;
  for (; ms < 5000 && !purse.given_up(); ms += 100) {
    purse.pass(100);
    purse.patience.moved(purse.now, 10);
  }
  CHECK(ms <= 1100);
}

TEST_CASE("a store that comes back is used again, with half the patience") {
  Purse purse;
  CHECK(purse.patience.begin(purse.now));
  purse.pass(1000);
  CHECK(purse.given_up());
  purse.patience.end(purse.now);
  purse.pass(60000);
  purse.patience.answered(purse.now);
  purse.patience.answered(purse.now);
  CHECK(purse.given_up());
  purse.patience.answered(purse.now);
  CHECK_FALSE(purse.given_up());
  purse.patience.moved(purse.now, 1U << 20U);
  CHECK(purse.patience.begin(purse.now));
  purse.pass(499);
  CHECK_FALSE(purse.given_up());
  purse.pass(1);
  CHECK(purse.given_up());
}

TEST_CASE("a purse may hold less before the store has said anything") {
  Patience patience(milliseconds(5000), milliseconds(1000));
  const auto start = Patience::Clock::now();
  patience.blocked(start, true);
  CHECK(patience.begin(start));
  CHECK(patience.is_given_up(start + milliseconds(1000)));
}

TEST_CASE("what one purse lost another one may be short of") {
  Purse lookups;
  Purse uploads;
  CHECK(lookups.patience.begin(lookups.now));
  lookups.pass(700);
  CHECK(lookups.patience.spent(lookups.now) == milliseconds(700));
  uploads.patience.hold_at_most(uploads.now, milliseconds(1000 - 700));
  CHECK(uploads.patience.begin(uploads.now));
  uploads.pass(299);
  CHECK_FALSE(uploads.given_up());
  uploads.patience.moved(uploads.now, 1U << 20U);  // a purse that is filled again is a full one
  CHECK(uploads.patience.spent(uploads.now) == milliseconds(0));
  uploads.pass(1000);
  CHECK(uploads.given_up());
}

// Both are given up; what the store then does revives them.
struct Watched {
  Watched() {
    const auto long_ago = Patience::Clock::now() - std::chrono::hours(1);
    for (Patience* patience : {&lookups, &uploads}) {
      patience->blocked(long_ago, true);
      REQUIRE(patience->begin(long_ago));
      REQUIRE(given_up(*patience));
    }
  }
  static bool given_up(Patience& patience) { return patience.is_given_up(Patience::Clock::now()); }

  store::testing::MemoryObjects objects;
  Patience lookups{std::chrono::seconds(10)};
  Patience uploads{std::chrono::seconds(10)};
  std::unique_ptr<store::Objects> store = watched(objects, lookups, uploads);
};

TEST_CASE("a watched store tells of what it takes and of what it sends") {
  Watched watched;
  const Bytes body(1U << 20U);  // worth sixteen seconds
  REQUIRE(watched.store->put("a", ByteView(body), store::PutCondition::always(), testing::soon()));
  CHECK_FALSE(Watched::given_up(watched.uploads));
  CHECK(Watched::given_up(watched.lookups));
  REQUIRE(watched.store->get_range(
      "a", 0, body.size(), [](ByteView) -> Result<void> { return {}; }, testing::soon()));
  CHECK_FALSE(Watched::given_up(watched.lookups));
}

TEST_CASE("an answer without bytes counts too, an error does not") {
  Watched watched;
  watched.objects.before_get = [](std::string_view) { return fail(Code::unavailable, "no"); };
  constexpr int k_answers = 25;  // a tenth of a second each: half of the halved purse
  for (int i = 0; i < k_answers; ++i) CHECK_FALSE(watched.store->get("a", 1, testing::soon()));
  CHECK(Watched::given_up(watched.lookups));
  watched.objects.before_get = nullptr;
  for (int i = 0; i < k_answers; ++i) REQUIRE(watched.store->get("a", 1, testing::soon()));
  CHECK_FALSE(Watched::given_up(watched.lookups));
  CHECK_FALSE(Watched::given_up(watched.uploads));
}

}  // namespace
}  // namespace sluice::agent
