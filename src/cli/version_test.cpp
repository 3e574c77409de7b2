#include "cli/version.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("the version, for people and programs") {
  CHECK(!version_text().empty());
  CHECK(producer_text() == "sluice " + std::string(version_text()));
  CHECK(version_report().starts_with("sluice " + std::string(version_text()) + "\n"));
  const auto json = codec::parse_json(version_json());
  REQUIRE(json);
  CHECK(json->text_or("version", "") == version_text());
  REQUIRE(json->find("formats") != nullptr);
  CHECK(json->find("formats")->int_or("store", 0) == 1);
  CHECK(json->find("formats")->int_or("agent_socket", 0) == 1);
}

}  // namespace sluice::cli
