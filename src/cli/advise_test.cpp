#include "cli/advise.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("advise: as a line and as JSON") {
  runner::Situation situation;
  situation.cores = 8;
  situation.memory = 32ULL << 30U;
  situation.cpu_share = 0.5;
  situation.free_memory = 24ULL << 30U;
  situation.now = 4;
  situation.task = {1, 1ULL << 30U, 0};
  const runner::Advice advice{5, runner::Limit::count};
  CHECK(advice_text(advice, situation, "threshold") ==
        "5 at once (4 now), by threshold; one more is kept by count; 8.0 cores, 50 % in use, "
        "24.0 GiB free\n");
  CHECK(advice_json(advice, situation, "threshold") ==
        R"({"strategy":"threshold","now":4,"parallelism":5,"limited_by":"count","inputs":)"
        R"({"cores":8.0,"memory_bytes":34359738368,"cpu_share":0.5,)"
        R"("free_memory_bytes":25769803776,"task":{"cores":1.0,"memory_bytes":1073741824}}})"
        "\n");
}

}  // namespace sluice::cli
