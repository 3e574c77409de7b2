#include "journal/ingest.hpp"

#include "journal/schema.hpp"

#include <doctest/doctest.h>

namespace sluice::journal {
namespace {

struct Memory {
  sys::TempDirectory directory = std::move(*sys::TempDirectory::create("ingest"));
  Connection connection = std::move(*Connection::open(directory.path() / "db", true));
  Memory() { REQUIRE(migrate(connection)); }
  std::int64_t number(const char* sql) { return *connection.number(sql); }
};

CommandBegan ci_command(const std::string& id) {
  CommandBegan began;
  began.id = id;
  began.ci = "github";
  began.job_id = "77";
  return began;
}

}  // namespace

TEST_CASE("ingest: commands of one CI job are one job, at a desk each is its own") {
  Memory memory;
  REQUIRE(insert_events(memory.connection, "a", {{10, ci_command("a")}, {12, CommandEnded{}}}));
  REQUIRE(insert_events(memory.connection, "b", {{20, ci_command("b")}, {25, CommandEnded{}}}));
  CommandBegan desk;
  desk.id = "c";
  REQUIRE(insert_events(memory.connection, "c", {{30, desk}}));
  CHECK(memory.number("SELECT count(*) FROM job") == 2);
  CHECK(memory.number("SELECT first_us FROM job WHERE ci = 'github'") == 10);
  CHECK(memory.number("SELECT last_us FROM job WHERE ci = 'github'") == 25);
  CHECK(memory.number("SELECT duration_us IS NULL FROM command WHERE uid = 'c'") == 1);
}

TEST_CASE("ingest: events without a beginning stand under the spool's name") {
  Memory memory;
  REQUIRE(insert_events(memory.connection, "late", {{5, Fault{"store", "gone", 1}}}));
  CHECK(memory.number("SELECT count(*) FROM command WHERE uid = 'late'") == 1);
  CHECK(memory.number("SELECT count(*) FROM fault") == 1);
}

TEST_CASE("ingest: a command in two spools goes on where it was") {
  Memory memory;
  const Lookups one{{{ActionId{}, Answer::local, 1, 0}}};
  CommandBegan began;
  began.id = "c";
  REQUIRE(insert_events(memory.connection, "c", {{1, began}, {2, one}, {3, one}}));
  REQUIRE(insert_events(memory.connection, "d", {{1, began}, {4, one}}));
  CHECK(memory.number("SELECT max(seq) FROM lookup") == 3);
}

TEST_CASE("ingest: of the two questions for a test a hit counts, and what has run has missed") {
  const Tested missed{"p", Answer::missed, TestCause::inputs, 0, {"open a"}, 0};
  const Tested unknown{"p", Answer::missed, TestCause::unknown, 0, {}, 0};
  const Tested young{"p", Answer::missed, TestCause::too_new, 0, {"open b"}, 0};
  const Tested hit{"p", Answer::reused, TestCause::none, 7, {}, 0};
  const Tested ran{"p", Answer::missed, TestCause::none, 9, {}, 1};
  const auto result = [](const std::vector<Tested>& told) {
    Memory memory;
    CommandBegan began;
    began.id = "c";
    std::vector<Event> events = {{1, began}};
    for (const Tested& one : told) events.push_back({2, one});
    REQUIRE(insert_events(memory.connection, "c", events));
    auto row = memory.connection.prepare("SELECT answer, cause, names, test_us, ran FROM test");
    REQUIRE(*row->step());
    return std::to_string(row->number(0)) + " " + std::to_string(row->number(1)) + " " +
           row->text(2) + " " + std::to_string(row->number(3)) + " " +
           std::to_string(row->number(4));
  };
  CHECK(result({missed, hit}) == "3 0 [] 7 0");
  CHECK(result({hit, missed}) == "3 0 [] 7 0");
  CHECK(result({missed, unknown, ran}) == "2 1 [\"open a\"] 9 1");
  CHECK(result({unknown, missed, ran}) == "2 1 [\"open a\"] 9 1");
  // A lookup that came after all says more.
  CHECK(result({young, young, ran}) == "2 3 [\"open b\"] 9 1");
  CHECK(result({young, unknown}) == "2 2 [] 0 0");
  CHECK(result({young, hit}) == "3 0 [] 7 0");
  CHECK(result({missed, young}) == "2 1 [\"open a\"] 0 0");
  CHECK(result({ran}) == "2 0 [] 9 1");
  CHECK(result({ran, hit}) == "2 0 [] 9 1");
}

TEST_CASE("ingest: a build id that is none leaves its event out") {
  Memory memory;
  REQUIRE(insert_events(
      memory.connection, "x",
      {{1, Compiled{"p", "not one", "", ""}}, {1, Linked{"p", "", "", Answer::local, 1}}}));
  CHECK(memory.number("SELECT count(*) FROM inputs") == 0);
  CHECK(memory.number("SELECT count(*) FROM link") == 0);
}

}  // namespace sluice::journal
