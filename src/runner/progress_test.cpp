#include "runner/progress.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("progress: what is left is bounded by the longest and by the cores") {
  CHECK(time_left_s({}, 2) == 0);
  CHECK(time_left_s({{10, 0.1}, {1, 1}}, 2) == doctest::Approx(10));
  CHECK(time_left_s({{4, 1}, {4, 1}, {4, 1}}, 2) == doctest::Approx(6));
  CHECK(time_left_s({{4, 8}}, 2) == doctest::Approx(4));
}

TEST_CASE("progress: words") {
  CHECK(words_of({}) == "go lists the packages");
  Progress progress;
  progress.all = 36;
  progress.is_building = true;
  CHECK(words_of(progress) == "0 of 36 packages; go builds");
  progress.done = 12;
  progress.running = {{"a", 0.4}, {"example.com/shop/checkout", 8.2}};
  progress.waiting = 5;
  progress.left_s = 11.2;
  progress.cores_used = 1.9;
  progress.cores = 2;
  CHECK(words_of(progress) ==
        "12 of 36 packages; run: shop/checkout 8.2 s, a 0.4 s; 5 wait; about 12 s left; 1.9 of 2 "
        "cores");
  progress.running.push_back({"m/b", 0.1});
  progress.running.push_back({"/c", 0.3});
  CHECK(words_of(progress).find("run: shop/checkout 8.2 s, a 0.4 s, /c 0.3 s, 1 more;") !=
        std::string::npos);
}

}  // namespace sluice::runner
