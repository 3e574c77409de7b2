#include "journal/schema.hpp"

#include <doctest/doctest.h>

namespace sluice::journal {

TEST_CASE("schema: an empty database becomes this version, once") {
  const auto directory = sys::TempDirectory::create("schema");
  auto connection = Connection::open(directory->path() / "db", true);
  REQUIRE(connection);
  CHECK(check_version(*connection).error().code == Code::not_found);
  REQUIRE(migrate(*connection));
  REQUIRE(migrate(*connection));
  CHECK(check_version(*connection));
  CHECK(*connection->number("PRAGMA auto_vacuum") == 2);
}

TEST_CASE("schema: a later version is refused and not touched") {
  const auto directory = sys::TempDirectory::create("schema");
  auto connection = Connection::open(directory->path() / "db", true);
  REQUIRE(connection->execute("PRAGMA user_version = 99"));
  CHECK(migrate(*connection).error().code == Code::unsupported);
  CHECK(*connection->number("SELECT count(*) FROM sqlite_master") == 0);
}

}  // namespace sluice::journal
