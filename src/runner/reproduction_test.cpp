#include "runner/reproduction.hpp"

#include "runner/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

using testing::records_of;

TEST_CASE("reproduction: what failed, under what it was told") {
  gotool::TestWords words;
  words.build = {"-race=true", "-tags=a,b", "-covermode=set"};
  PackageWords told;
  told.arguments = {"-test.v=test2json",
                    "-test.timeout=10m0s",
                    "-test.short=true",
                    "-test.run=Test",
                    "-test.shuffle=on",
                    "-x",
                    "a b"};
  told.env = {{"DB", "x y"}, {"SLUICE_SLOT", "3"}};
  const auto tests = records_of({{"TestA", false},
                                 {"TestA/sub", false},
                                 {"TestB", true},
                                 {"TestC", false},
                                 {"TestC", false}});
  CHECK(reproduction_of({"m/p", words, told, tests, "x\n-test.shuffle 123\nFAIL\n", 7, "2"}) ==
        "GOMAXPROCS=2 SLUICE_SEED=7 DB='x y' go test -race -tags=a,b '-run=^(TestA|TestC)$' "
        "-shuffle=123 -short=true m/p -args -x 'a b'");
}

TEST_CASE("reproduction: where no test is known the package is run as it was") {
  gotool::TestWords words;
  words.change_directory = "sub dir";
  PackageWords told;
  told.arguments = {"-test.timeout=30s", "-test.run=X", "-test.skip=^(TestB)$"};
  CHECK(reproduction_of({"m/p", words, told, {}, "", 7, ""}) ==
        "SLUICE_SEED=7 go test -C 'sub dir' -timeout=30s -run=X '-skip=^(TestB)$' m/p");
}

}  // namespace sluice::runner
