#include "cli/doctor.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

store::Checkup healthy() {
  store::Checkup found;
  found.first_answer = std::chrono::microseconds(61200);
  found.latency = std::chrono::microseconds(20300);
  found.abilities = {{"read", true, true, std::nullopt},
                     {"write", true, true, std::nullopt},
                     {"list", false, true, Error{Code::denied, "AccessDenied"}},
                     {"remove", false, false, std::nullopt}};
  found.down_bytes_per_second = 100U << 20U;
  found.up_bytes_per_second = 50U << 20U;
  found.if_absent = true;
  found.if_match = false;
  found.clock_ahead_s = 1000.4;
  return found;
}

TEST_CASE("what people read") {
  const std::string text = checkup_text("s3://bucket/ci/", "trusted", healthy());
  CHECK(text ==
        "store       s3://bucket/ci/\n"
        "domain      trusted\n"
        "read        yes\n"
        "write       yes\n"
        "list        no (a job does without): AccessDenied\n"
        "remove      not tried\n"
        "latency     20.3 ms; the first answer took 61.2 ms, with its connection\n"
        "rate        100.0 MiB/s down on 4 connections, 50.0 MiB/s up on one\n"
        "if-absent   honoured\n"
        "if-match    not honoured: of two writers at once one may lose its update\n"
        "clock       1000 s ahead of the store's: requests are signed by the store's\n");
}

TEST_CASE("what programs read") {
  const codec::Json json = checkup_json("s3://bucket/ci/", "trusted", healthy());
  CHECK(json.bool_or("usable", false));
  CHECK_FALSE(json.bool_or("if_match", true));
  const codec::Json* abilities = json.find("abilities");
  REQUIRE(abilities != nullptr);
  REQUIRE(abilities->find("list") != nullptr);
  CHECK_FALSE(abilities->find("list")->bool_or("ok", true));
  CHECK(abilities->find("list")->text_or("problem", "") == "AccessDenied");
}

TEST_CASE("what could not be found out is unknown") {
  store::Checkup found = healthy();
  found.abilities[0].problem = Error{Code::unavailable, "nobody there"};
  found.up_bytes_per_second.reset();
  found.if_match.reset();
  found.clock_ahead_s = -0.7;
  CHECK_FALSE(found.is_usable());
  const std::string text = checkup_text("s3://bucket/ci/", "trusted", found);
  CHECK(text.find("read        no: nobody there\n") != std::string::npos);
  CHECK(text.find("unknown up on one") != std::string::npos);
  CHECK(text.find("if-match    unknown\n") != std::string::npos);
  CHECK(text.find("clock       the same as the store's") != std::string::npos);
}

TEST_CASE("findings, for people and for programs") {
  const std::vector<insight::Finding> findings = {
      {"test-count",
       insight::Severity::miss,
       "ci.sh",
       4,
       "",
       "go test -count=1",
       "go test ./...",
       {}},
      {"test-count",
       insight::Severity::note,
       "x\x1b[2J.sh",
       9,
       "",
       "again",
       "go test .",
       {"a.sh:3"}},
  };
  CHECK(findings_text(findings, false) ==
        "\nci.sh:4: miss: go test -count=1 [test-count]\n"
        "    why  go keeps and reuses a test's result only without -count, whatever its number.\n"
        "    fix  go test ./...\n"
        "\nx?[2J.sh:9: note: again [test-count]\n"
        "    fix  go test .\n");
  CHECK(findings_text(findings, true).find("ci.sh:4: \x1b[31mmiss\x1b[0m: ") != std::string::npos);
  CHECK(count_text(findings) == "1 miss, 0 may miss, 1 note");
  const codec::Json json = findings_json(findings);
  REQUIRE(json.as_array() != nullptr);
  const codec::Json& second = json.as_array()->at(1);
  CHECK(second.text_or("severity", "") == "note");
  CHECK(second.int_or("line", 0) == 9);
  CHECK(*second.find("also")->as_array()->at(0).as_string() == "a.sh:3");
}

}  // namespace
}  // namespace sluice::cli
