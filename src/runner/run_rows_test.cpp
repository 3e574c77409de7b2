#include "runner/run_rows.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("run rows: a package") {
  TestEnd end;
  end.elapsed_s = 1.5;
  end.spent.cpu = std::chrono::microseconds(700);
  end.spent.memory_peak = 99;
  const auto row = package_row("m/p", "-race=true", end, 0.25, journal::RunEnd::stopped);
  CHECK(row == journal::TestRan{"m/p", "", "-race=true", journal::RunEnd::stopped, 1'500'000, 700,
                                250'000, 99});
}

TEST_CASE("run rows: tests, with the attempts before") {
  TestRecords records;
  const auto add = [&records](std::string name, std::string action, double elapsed_s = 0) {
    gotool::TestEvent event;
    event.test = std::move(name);
    event.action = std::move(action);
    event.elapsed_s = elapsed_s;
    records.add(event);
  };
  add("TestA", "run");
  add("TestA", "fail", 1);
  records.begin_attempt();
  add("TestA", "run");
  add("TestA", "pass", 2);
  add("TestA/sub", "run");
  add("TestA/sub", "pass");
  add("TestB", "run");
  add("TestB", "skip");
  add("TestC", "run");  // and no end
  using journal::RunEnd;
  using journal::TestRan;
  CHECK(test_rows("m/p", "w", records) ==
        std::vector<TestRan>{{"m/p", "TestA", "w", RunEnd::failed, 0, 0, 0, 0},
                             {"m/p", "TestA", "w", RunEnd::passed, 2'000'000, 0, 0, 0},
                             {"m/p", "TestC", "w", RunEnd::failed, 0, 0, 0, 0}});
}

}  // namespace sluice::runner
