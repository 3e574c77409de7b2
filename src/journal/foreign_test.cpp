#include "journal/foreign.hpp"

#include "base/bytes.hpp"
#include "journal/database.hpp"
#include "journal/schema.hpp"
#include "journal/spool.hpp"
#include "journal/sqlite.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

namespace sluice::journal {
namespace {

class Place {
 public:
  Place() : directory_(std::move(*sys::TempDirectory::create("foreign"))) {}
  sys::Path path() const { return directory_.path(); }
  sys::Path file() const { return database_file(path()); }

  // A journal with one command.
  void fill() const {
    CommandBegan began;
    began.id = "c1";
    began.words = {"go", "build"};
    const std::vector<Event> events = {{now_us(), began}, {now_us(), CommandEnded{5, 0, 0, "{}"}}};
    REQUIRE(append(path(), "c1", events));
    auto database = Database::open_to_write(path(), Deadline::after(std::chrono::seconds(5)));
    REQUIRE(database);
    REQUIRE(database->read_spools());
  }
  void execute(const std::string& sql) const {
    auto connection = Connection::open(file(), true);
    REQUIRE(connection);
    REQUIRE(connection->execute(sql.c_str()));
  }
  std::string refused(const sys::Path& named) const {
    const auto taken = ForeignJournal::take(named);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Code::invalid);
    return taken.error().message;
  }

 private:
  sys::TempDirectory directory_;
};

}  // namespace

TEST_CASE("foreign journal: a file or its directory, which are left as they are") {
  const Place there;
  there.fill();
  const auto before = sys::read_file(there.file(), k_foreign_bytes_max);
  sys::Path copy;
  for (const sys::Path& named : {there.file(), there.path()}) {
    auto taken = ForeignJournal::take(named);
    REQUIRE_MESSAGE(taken, (taken ? "" : taken.error().message));
    CHECK(taken->commands() == 1);
    copy = taken->database();
    CHECK(copy != there.file());
    CHECK(sys::stat_file(copy)->has_value());
  }
  CHECK_FALSE(sys::stat_file(copy)->has_value());
  CHECK(**sys::read_file(there.file(), k_foreign_bytes_max) == **before);
}

TEST_CASE("foreign journal: an earlier version is brought to ours, and a later one is refused") {
  const Place there;
  {
    auto first = Connection::open(there.file(), true);
    REQUIRE(first);
    REQUIRE(migrate(*first, 1));
  }
  there.execute(
      "INSERT INTO job VALUES (1,'c1','','','','','','','','','box','/w',1,2); "
      "INSERT INTO command "
      "VALUES (1,'c1',1,1,NULL,'[]','','/w','go1.27.4','0.1.0',NULL,NULL,'{}')");
  const Place here;
  auto database = Database::open_to_write(here.path(), Deadline::after(std::chrono::seconds(5)));
  REQUIRE(database);
  CHECK_FALSE(database->merge(there.file()));
  const auto taken = ForeignJournal::take(there.file());
  REQUIRE_MESSAGE(taken, (taken ? "" : taken.error().message));
  const auto merged = database->merge(taken->database());
  REQUIRE_MESSAGE(merged, (merged ? "" : merged.error().message));
  CHECK(*merged == 1);
  there.execute("PRAGMA user_version = 99");
  CHECK(there.refused(there.file())
            .ends_with(fmt::format(
                "journal.db: it is of version 99, and this sluice knows {}: update sluice",
                k_schema_version)));
}

TEST_CASE("foreign journal: what is none") {
  const Place there;
  CHECK(there.refused(there.path() / "none").ends_with("none: there is no such file"));
  CHECK(there.refused("/dev/null").ends_with("it is no regular file"));
  REQUIRE(sys::write_file_atomic(there.file(), bytes_of("")));
  CHECK(there.refused(there.file()).ends_with("it is no journal of sluice"));
  REQUIRE(sys::write_file_atomic(there.file(), bytes_of(std::string(9000, 'x'))));
  CHECK(there.refused(there.file()).ends_with("it is damaged, or no journal of sluice"));
  REQUIRE(sys::remove_file(there.file()));
  there.execute("CREATE TABLE command (id)");
  CHECK(there.refused(there.file()).ends_with("it is no journal of sluice"));
}

TEST_CASE("foreign journal: damage, and tables that are none") {
  const Place there;
  there.fill();
  auto bytes = **sys::read_file(there.file(), k_foreign_bytes_max);
  for (std::size_t at = 4096; at < bytes.size(); at += 512) {
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 64, std::byte{0xA5});
  }
  REQUIRE(sys::write_file_atomic(there.path() / "damaged", bytes));
  CHECK(there.refused(there.path() / "damaged").find("it is damaged") != std::string::npos);
}

TEST_CASE("foreign journal: tables that are not to the letter ours") {
  for (const char* sql :
       {"CREATE VIEW more AS SELECT 1", "DROP TABLE fault",
        "ALTER TABLE fault RENAME COLUMN reason TO cause", "ALTER TABLE job ADD COLUMN more TEXT",
        "CREATE INDEX more ON lookup (answer)",
        "ALTER TABLE job ADD COLUMN slow INTEGER AS (length(uid)) VIRTUAL",
        "PRAGMA user_version = 2", "DELETE FROM self", "INSERT INTO self VALUES ('a', '1')",
        "UPDATE self SET id = ''", "UPDATE command SET job = 99"}) {
    CAPTURE(sql);
    const Place there;
    there.fill();
    there.execute(sql);
    CHECK(there.refused(there.file()).ends_with("it is no journal of sluice"));
  }
}

TEST_CASE("foreign journal: values that sluice never writes") {
  for (const char* sql :
       {"UPDATE command SET duration_us = 9223372036854775807", "UPDATE command SET at_us = 'now'",
        "UPDATE command SET words = x'00'", "UPDATE job SET last_us = -1",
        "INSERT INTO lookup VALUES (1, 1, x'00', 0, 0, 0)",
        "INSERT INTO lookup VALUES (1, 1, zeroblob(32), 256, 0, 0)",
        "INSERT INTO lookup VALUES (1, 1, zeroblob(32), 0, 1.5, 0)",
        "INSERT INTO transfer VALUES (1, 0, 1, 1 << 39, 1)"}) {
    CAPTURE(sql);
    const Place there;
    there.fill();
    there.execute(sql);
    CHECK(there.refused(there.file()).find("it is no journal of sluice: a value of table") !=
          std::string::npos);
  }
}

}  // namespace sluice::journal
