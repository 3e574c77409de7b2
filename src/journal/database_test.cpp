#include "journal/database.hpp"

#include "journal/schema.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>

namespace sluice::journal {
namespace {

constexpr std::string_view k_build_id = "AAECAwQFBgcICQoLDA0O";

class Place {
 public:
  Place() : directory_(std::move(*sys::TempDirectory::create("journal"))) {}
  sys::Path path() const { return directory_.path() / "journal"; }

 private:
  sys::TempDirectory directory_;
};

Deadline soon() { return Deadline::after(std::chrono::seconds(5)); }

ActionId action_of(std::size_t number) {
  return sha256_as<ActionId>(bytes_of(fmt::format("action {}", number)));
}

std::vector<Event> a_command(const std::string& id, Micros at_us, std::size_t lookups = 3) {
  CommandBegan began;
  began.id = id;
  began.host = "box";
  began.words = {"go", "test", "./..."};
  Lookups looked;
  for (std::size_t i = 0; i < lookups; ++i) {
    looked.list.push_back({action_of(i), i % 2 == 0 ? Answer::remote : Answer::missed, 100, 7});
  }
  ActionId built;
  for (std::size_t i = 0; i < 32; ++i) built.bytes.at(i) = static_cast<std::byte>(i);
  return {
      {at_us, began},
      {at_us + 5, Compiled{"p", std::string(k_build_id), "go1.27.4", "compile\n"}},
      {at_us + 10, looked},
      {at_us + 20, Results{{{built, 1, 400, at_us + 1005}}}},
      {at_us + 21, Tested{"p", Answer::missed, TestCause::inputs, 5, {"open testdata/a"}}},
      {at_us + 22, Fault{"store", "no route", 2}},
      {at_us + 23, TestRan{"p", "", "-race=true", RunEnd::failed, 100, 50, 20, 1 << 20}},
      {at_us + 24, TestRan{"p", "TestA", "", RunEnd::passed, 90, 5, 2, 1 << 20}},
      {at_us + 25, Scheduled{Schedule::evicted, 7, "p", 5, "cpu", 1, 4, 1100, 9, 2, 1900, 8, "h"}},
      {at_us + 30, CommandEnded{30, 1, 0, R"({"lookups":3})"}}};
}

Database open(const sys::Path& journal) {
  auto database = Database::open_to_write(journal, soon());
  REQUIRE_MESSAGE(database, (database ? "" : database.error().message));
  return std::move(*database);
}

std::int64_t count_in(Database& database, std::string_view table) {
  const auto count = database.connection().number(fmt::format("SELECT count(*) FROM {}", table));
  REQUIRE(count);
  return *count;
}

}  // namespace

TEST_CASE("journal database: a spool becomes rows, once, and is gone") {
  const Place place;
  REQUIRE(append(place.path(), "c1", a_command("c1", now_us())));
  Database database = open(place.path());
  CHECK(database.note().empty());
  CHECK(*database.read_spools() == 1);
  CHECK(spools(place.path()).empty());
  CHECK(count_in(database, "command") == 1);
  CHECK(count_in(database, "lookup") == 3);
  CHECK(count_in(database, "test_run") == 2);
  CHECK(count_in(database, "spool") == 0);
  CHECK(*database.connection().number("SELECT cost_us FROM compile") == 1000);
  CHECK(*database.connection().number("SELECT exit_status FROM command") == 1);
  CHECK(*database.read_spools() == 0);
}

TEST_CASE("journal database: a reader killed before it removed the spool counts nothing twice") {
  const Place place;
  const auto events = a_command("c1", now_us());
  REQUIRE(append(place.path(), "c1", events));
  {
    Database database = open(place.path());
    REQUIRE(*database.read_spools() == 1);
    REQUIRE(database.connection().execute("INSERT INTO spool VALUES ('c1')"));
  }
  REQUIRE(append(place.path(), "c1", events));
  Database database = open(place.path());
  CHECK(*database.read_spools() == 0);
  CHECK(spools(place.path()).empty());
  CHECK(count_in(database, "lookup") == 3);
}

TEST_CASE("journal database: what is still written is left alone") {
  const Place place;
  auto events = a_command("c1", now_us());
  events.pop_back();
  REQUIRE(append(place.path(), "c1", events));
  Database database = open(place.path());
  CHECK(*database.read_spools() == 0);
  CHECK(spools(place.path()).size() == 1);
}

TEST_CASE("journal database: a damaged or later one is set aside with one line") {
  for (const bool later : {false, true}) {
    const Place place;
    if (later) {
      Database database = open(place.path());
      REQUIRE(database.connection().execute("PRAGMA user_version = 99"));
    } else {
      REQUIRE(sys::make_private_directory(place.path()));
      REQUIRE(
          sys::write_file_atomic(database_file(place.path()), bytes_of(std::string(8192, 'x'))));
    }
    const auto read = Database::open_to_read(place.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().code == (later ? Code::unsupported : Code::corrupt));
    REQUIRE(append(place.path(), "c1", a_command("c1", now_us())));
    std::string note;
    auto database = open_current(place.path(), soon(), note);
    REQUIRE(database);
    REQUIRE(*database);
    CHECK(note.find("journal.db.broken") != std::string::npos);
    CHECK(note.find('\n') == std::string::npos);
    CHECK(count_in(**database, "command") == 1);
    CHECK(*sys::stat_file(database_file(place.path()).native() + ".broken"));
  }
}

TEST_CASE("journal database: none is no error, and reading makes none") {
  const Place place;
  std::string note;
  const auto database = open_current(place.path(), soon(), note);
  REQUIRE(database);
  CHECK_FALSE(*database);
  CHECK_FALSE(*sys::stat_file(place.path()));
}

TEST_CASE("journal database: one writer at a time, readers beside it") {
  const Place place;
  Database writer = open(place.path());
  const auto second =
      Database::open_to_write(place.path(), Deadline::after(std::chrono::milliseconds(30)));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::timeout);
  REQUIRE(append(place.path(), "c1", a_command("c1", now_us())));
  std::string note;
  auto reader = open_current(place.path(), Deadline::after(std::chrono::milliseconds(30)), note);
  REQUIRE(reader);
  CHECK(*reader);
}

TEST_CASE("journal database: bounds of age and size take the oldest first") {
  const Place place;
  const Micros now = now_us();
  REQUIRE(append(place.path(), "old", a_command("old", now - k_journal_age_max_us - 1000)));
  for (int i = 0; i < 60; ++i) {
    const std::string id = fmt::format("c{}", i);
    REQUIRE(append(place.path(), id, a_command(id, now + i, 200)));
  }
  Database database = open(place.path());
  REQUIRE(database.read_spools());
  REQUIRE(database.trim(now));
  CHECK(count_in(database, "command") == 60);
  REQUIRE(database.trim(now, 200'000));
  const auto left = count_in(database, "command");
  CHECK(left < 60);
  CHECK(left >= 1);
  CHECK(count_in(database, "lookup") == left * 200);
  CHECK(count_in(database, "job") == left);
  CHECK(*database.connection().number("SELECT max(at_us) FROM command") == now + 59);
}

TEST_CASE("journal database: a lookup takes less than 200 bytes") {
  const Place place;
  constexpr std::size_t k_lookups = 20'000;
  REQUIRE(append(place.path(), "c1", a_command("c1", now_us(), 0)));
  Database database = open(place.path());
  REQUIRE(database.read_spools());
  const auto before = (*sys::stat_file(database_file(place.path())))->size;
  std::vector<Event> events = a_command("c2", now_us(), 0);
  Lookups part;
  for (std::size_t i = 0; i < k_lookups; ++i) {
    part.list.push_back({action_of(i), Answer::local, 123'456, 0});
  }
  for (std::size_t from = 0; from < k_lookups; from += 1000) {
    Lookups piece;
    piece.list.assign(part.list.begin() + static_cast<std::ptrdiff_t>(from),
                      part.list.begin() + static_cast<std::ptrdiff_t>(from) + 1000);
    events.insert(events.end() - 1, Event{now_us(), piece});
  }
  REQUIRE(append(place.path(), "c2", events));
  REQUIRE(database.read_spools());
  const auto after = (*sys::stat_file(database_file(place.path())))->size;
  CHECK(after - before < k_lookups * 200);
  CHECK(count_in(database, "lookup") == k_lookups);
}

TEST_CASE("journal database: two machines' journals merge, and merging twice changes nothing") {
  const Place here;
  const Place there;
  REQUIRE(append(here.path(), "c1", a_command("c1", now_us())));
  REQUIRE(append(here.path(), "both", a_command("both", now_us())));
  REQUIRE(append(there.path(), "c2", a_command("c2", now_us())));
  REQUIRE(append(there.path(), "both", a_command("both", now_us())));
  {
    Database theirs = open(there.path());
    REQUIRE(*theirs.read_spools() == 2);
  }
  Database ours = open(here.path());
  REQUIRE(*ours.read_spools() == 2);
  const auto merged = ours.merge(database_file(there.path()));
  REQUIRE_MESSAGE(merged, (merged ? "" : merged.error().message));
  CHECK(*merged == 1);
  CHECK(count_in(ours, "command") == 3);
  CHECK(count_in(ours, "lookup") == 9);
  CHECK(count_in(ours, "compile") == 3);
  CHECK(count_in(ours, "test_run") == 6);
  CHECK(count_in(ours, "inputs") == 1);
  CHECK(*ours.merge(database_file(there.path())) == 0);
  CHECK(count_in(ours, "lookup") == 9);
  CHECK_FALSE(ours.merge(here.path() / "nothing"));
}

TEST_CASE("journal database: what another machine tells is added once, and ours stays ours") {
  const Place place;
  REQUIRE(append(place.path(), "c1", a_command("c1", now_us())));
  Database database = open(place.path());
  REQUIRE(database.read_spools());
  KnownInputs known{"test 12 abc", {}};
  known.add({{"p", std::string(k_build_id), "go1.27.4", "compile\n", 0, 1},
             {"q", std::string(20, 'B'), "go1.27.4", "compile\n", 5, 1}});
  const auto blob = sha256_as<BlobId>(bytes_of("blob"));
  CHECK_FALSE(*database.has_added(blob));
  REQUIRE(database.add_known(known, blob));
  CHECK(*database.has_added(blob));
  CHECK(count_in(database, "inputs") == 2);
  CHECK(*database.connection().number("SELECT count(*) FROM inputs WHERE source = ''") == 1);
  CHECK(*database.connection().number("SELECT cost_us FROM inputs WHERE package = 'p'") == 1000);
}

TEST_CASE("journal database: build ids are go's spelling of 15 bytes") {
  const auto key = build_key(k_build_id);
  REQUIRE(key);
  CHECK(key->size() == 15);
  CHECK(build_id_of(*key) == k_build_id);
  CHECK_FALSE(build_key("short"));
  CHECK_FALSE(build_key("AAECAwQFBgcICQoLDA0!"));
  const auto url = build_key("-_-_-_-_-_-_-_-_-_-_");
  REQUIRE(url);
  CHECK(build_id_of(*url) == "-_-_-_-_-_-_-_-_-_-_");
}

TEST_CASE("journal: a copy is another one, and what a killed command says late is read") {
  const auto place = sys::TempDirectory::create("journal");
  const sys::Path journal = place->path() / "one";
  const auto id_of = [](const sys::Path& path) {
    auto database = Database::open_to_write(path, Deadline::after(std::chrono::seconds(5)));
    REQUIRE(database);
    auto statement = database->connection().prepare("SELECT id FROM self");
    REQUIRE(*statement->step());
    return statement->text(0);
  };
  const std::string id = id_of(journal);
  CHECK(id_of(journal) == id);
  std::filesystem::copy(journal, place->path() / "two", std::filesystem::copy_options::recursive);
  CHECK(id_of(place->path() / "two") != id);

  CommandBegan began;
  began.id = "c1";
  const std::vector<Event> first = {{1, began}, {2, CommandEnded{}}};
  const std::vector<Event> late = {{3, Lookups{{{ActionId{}, Answer::local, 1, 0}}}}};
  auto database = Database::open_to_write(journal, Deadline::after(std::chrono::seconds(5)));
  REQUIRE(append(journal, "c1", first));
  REQUIRE(*database->read_spools() == 1);
  for (const char* name : {"c1", "c2"}) REQUIRE(append(journal, name, late));
  CHECK(*database->read_spools() == 0);
  for (const Spool& spool : spools(journal)) {
    REQUIRE(sys::touch(spool.file, unix_now_ns() - 2 * k_spool_orphan_silent_ns));
  }
  CHECK(*database->read_spools() == 1);  // c2 may be one that has not begun
  CHECK(*database->connection().number("SELECT count(*) FROM lookup") == 1);
}

TEST_CASE("journal: a command merged before it had ended is taken again when more is known") {
  const auto place = sys::TempDirectory::create("journal");
  const auto open = [&place](const char* name) {
    return std::move(
        *Database::open_to_write(place->path() / name, Deadline::after(std::chrono::seconds(5))));
  };
  Database here = open("here");
  const sys::Path there = place->path() / "there";
  CommandBegan began;
  began.id = "c1";
  const Lookups one{{{ActionId{}, Answer::local, 1, 0}}};
  const auto tell = [&](const std::vector<Event>& events) {
    REQUIRE(append(there, "c1", events));
    REQUIRE(sys::touch(*spool_file(there, "c1"), unix_now_ns() - 2 * k_spool_silent_ns));
    Database database = open("there");
    REQUIRE(database.read_spools());
  };
  const std::string file = database_file(there).native();
  tell({{1, began}, {2, one}});
  CHECK(*here.merge(file) == 1);
  CHECK(*here.merge(file) == 0);
  tell({{3, one}});
  CHECK(*here.merge(file) == 1);
  tell({{4, CommandEnded{}}});
  CHECK(*here.merge(file) == 1);
  CHECK(*here.merge(file) == 0);
  CHECK(*here.connection().number("SELECT count(*) FROM lookup") == 2);
  CHECK(*here.connection().number("SELECT count(*) FROM command") == 1);
}

}  // namespace sluice::journal
