#include "journal/sqlite.hpp"

#include <doctest/doctest.h>

namespace sluice::journal {
namespace {

struct Opened {
  sys::TempDirectory directory = std::move(*sys::TempDirectory::create("sqlite"));
  Connection connection = std::move(*Connection::open(directory.path() / "db", true));
};

}  // namespace

TEST_CASE("sqlite: values come back as they went in") {
  Opened db;
  REQUIRE(db.connection.execute("CREATE TABLE t (a, b, c, d)"));
  auto insert = db.connection.prepare("INSERT INTO t VALUES (?,?,?,?)");
  REQUIRE(insert);
  const Bytes blob = {std::byte{0}, std::byte{255}};
  REQUIRE(insert->with(std::string_view("a\0b", 3), ByteView(blob), -7, nullptr).run());
  REQUIRE(insert->with(std::string_view(), ByteView(), std::uint64_t{1} << 62U, 0U).run());
  auto select = db.connection.prepare("SELECT * FROM t");
  REQUIRE(*select->step());
  CHECK(select->text(0) == std::string_view("a\0b", 3));
  CHECK(copy_of(select->blob(1)) == blob);
  CHECK(select->number(2) == -7);
  CHECK(select->is_null(3));
  REQUIRE(*select->step());
  CHECK_FALSE(select->is_null(0));
  CHECK(select->blob(1).empty());
  CHECK(select->size(2) == std::uint64_t{1} << 62U);
  CHECK_FALSE(*select->step());
}

TEST_CASE("sqlite: a transaction that is not committed leaves nothing") {
  Opened db;
  REQUIRE(db.connection.execute("CREATE TABLE t (a)"));
  {
    auto transaction = Transaction::begin(db.connection);
    REQUIRE(transaction);
    REQUIRE(db.connection.execute("INSERT INTO t VALUES (1)"));
  }
  CHECK(*db.connection.number("SELECT count(*) FROM t") == 0);
  auto transaction = Transaction::begin(db.connection);
  REQUIRE(db.connection.execute("INSERT INTO t VALUES (1)"));
  REQUIRE(transaction->commit());
  CHECK(*db.connection.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("sqlite: errors say what kind they are") {
  Opened db;
  CHECK(db.connection.execute("CREATE NONSENSE").error().code == Code::io);
  const auto file = db.directory.path() / "other";
  REQUIRE(sys::write_file_atomic(file, bytes_of(std::string(4096, 'x'))));
  auto broken = Connection::open(file, true);
  REQUIRE(broken);
  CHECK(broken->number("PRAGMA user_version").error().code == Code::corrupt);
  CHECK_FALSE(Connection::open(db.directory.path() / "none", false));
}

}  // namespace sluice::journal
