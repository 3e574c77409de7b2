#include "runner/advice.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

constexpr std::uint64_t k_gib = 1ULL << 30U;

// Four of eight cores are in use by four tasks, 24 of 32 GiB are free.
Situation half_full() {
  Situation situation;
  situation.cores = 8;
  situation.memory = 32 * k_gib;
  situation.cpu_share = 0.5;
  situation.free_memory = 24 * k_gib;
  situation.now = 4;
  situation.task = {1, k_gib, 0};
  return situation;
}

std::size_t advised(std::string_view how, const Situation& situation) {
  const auto advice = advise(how, situation);
  REQUIRE(advice);
  return advice->parallelism;
}

}  // namespace

TEST_CASE("advice: the classic rule takes one step") {
  Situation situation = half_full();
  CHECK(advised("threshold", situation) == 5);
  situation.cpu_share = 0.86;
  CHECK(advised("threshold", situation) == 3);
  situation.cpu_share = 0.5;
  situation.free_memory = 2047ULL << 20U;
  CHECK(advised("threshold", situation) == 3);
  situation.now = 1;
  CHECK(advised("threshold", situation) == 1);
  CHECK(advised("threshold=memory:1GiB", situation) == 2);
  situation = half_full();
  situation.slots = 4;
  CHECK(advised("threshold", situation) == 4);
  CHECK(advise("threshold", situation)->limit == Limit::none);
}

TEST_CASE("advice: auto fills what is there") {
  Situation situation = half_full();
  CHECK(advised("auto", situation) == 10);  // 1.25 for each of eight cores
  CHECK(advise("auto", situation)->limit == Limit::cpu);
  situation.task.memory = 8 * k_gib;
  CHECK(advised("auto", situation) == 6);  // 25.6 GiB at most
  CHECK(advise("auto", situation)->limit == Limit::memory);
  situation = half_full();
  situation.cpu_share = 1.0;
  situation.task.cores = 2;
  situation.now = 12;
  CHECK(advised("auto", situation) == 13);  // a quarter more than there is
  situation.task.memory = 4 * k_gib;
  situation.free_memory = 0;
  CHECK(advised("auto", situation) < 12);
}

TEST_CASE("advice: a number is a number") {
  CHECK(advised("fixed=3", half_full()) == 3);
  CHECK(advised("fixed=30", half_full()) == 30);
  CHECK(advised("go", half_full()) == 4);
  CHECK_FALSE(advise("fast", half_full()));
}

}  // namespace sluice::runner
