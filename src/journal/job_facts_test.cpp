#include "journal/job_facts.hpp"

#include "journal/spool.hpp"

#include <doctest/doctest.h>

namespace sluice::journal {
namespace {

constexpr Micros k_long_ago = 1'000'000'000;

ActionId action_of(std::string_view name) { return sha256_as<ActionId>(bytes_of(name)); }

struct Place {
  sys::TempDirectory directory = std::move(*sys::TempDirectory::create("facts"));
  sys::Path journal = directory.path() / "journal";

  void command(CommandBegan began, Micros at_us, const std::vector<Body>& bodies) const {
    if (began.local_tier.empty()) began.local_tier = "/tier";
    std::vector<Event> events = {{at_us, began}};
    for (const Body& body : bodies) events.push_back({at_us + 1, body});
    events.push_back({at_us + 100, CommandEnded{100, 0, 0, "{}"}});
    REQUIRE(append(journal, began.id, events));
  }
  Database open() const {
    std::string note;
    auto database = open_current(journal, Deadline::after(std::chrono::seconds(5)), note);
    REQUIRE(database);
    REQUIRE(*database);
    return std::move(**database);
  }
};

CommandBegan a_command(const std::string& id, const std::string& branch = "main",
                       const std::string& ci = "github") {
  CommandBegan began;
  began.id = id;
  began.ci = ci;
  began.job_id = "job-" + id;
  began.job_name = "test";
  began.branch = branch;
  began.host = "box";
  began.checkout = "/w";
  began.words = {"go", "build"};
  return began;
}

Lookup missed(std::string_view name) { return {action_of(name), Answer::missed, 0, 0}; }
Lookup given(std::string_view name) { return {action_of(name), Answer::local, 7, 3}; }

}  // namespace

TEST_CASE("job facts: lookups, what the index knew, kinds and transfers of one job") {
  const Place place;
  place.command(
      a_command("a"), k_long_ago,
      {Lookups{{given("p"), missed("q")}}, Lookups{{given("r")}},
       Results{{{action_of("q"), 4, 9, k_long_ago}}},
       Indexed{{{action_of("p"), Outcome::given, 3, 1}}},
       TestGiven{"m/p", action_of("p"), action_of("s")}, Transferred{Direction::up, 2, 30, 4}});
  place.command(a_command("b"), k_long_ago + 500,
                {Lookups{{given("p")}}, Results{{{action_of("r"), 2, 9, k_long_ago}}}});
  Database database = place.open();
  const auto job = find_job(database, "github/job-a")->id;
  const auto lookups = lookups_in(database, job);
  REQUIRE(lookups);
  REQUIRE(lookups->size() == 3);
  CHECK((*lookups)[1].action == action_of("q"));
  CHECK((*lookups)[1].answer == Answer::missed);
  CHECK((*lookups)[2].wait_us == 3);
  const auto indexed = indexed_in(database, job);
  REQUIRE(indexed->size() == 1);
  CHECK(indexed->front().one == IndexedOne{action_of("p"), Outcome::given, 3, 1});
  const auto tests = tests_given_in(database, job);
  REQUIRE(tests->size() == 1);
  CHECK(tests->front().given == TestGiven{"m/p", action_of("p"), action_of("s")});
  const auto stored = stored_in(database, job);
  REQUIRE(stored);
  CHECK(*stored == std::vector<ActionId>{action_of("q")});
  const auto kinds = kinds_in(database, job);
  REQUIRE(kinds);
  CHECK(kinds->size() == 2);
  CHECK(kinds->at(action_of("q")) == 4);
  CHECK(kinds->at(action_of("r")) == 2);  // stored by another command
  const auto transfers = transfers_in(database, job);
  REQUIRE(transfers->size() == 1);
  CHECK(transfers->front().bytes == 30);
}

TEST_CASE("job facts: traces of what missed, of the same machine and tier only") {
  const Place place;
  place.command(a_command("a"), k_long_ago, {Results{{{action_of("p"), 1, 9, k_long_ago + 5}}}});
  place.command(a_command("b"), k_long_ago + 500,
                {Lookups{{given("p")}}, Fault{"local-tier", "full", 1}});
  CommandBegan elsewhere = a_command("c");
  elsewhere.local_tier = "/another";
  place.command(elsewhere, k_long_ago, {Results{{{action_of("p"), 1, 9, k_long_ago + 5}}}});
  elsewhere = a_command("d");
  elsewhere.host = "other";
  place.command(elsewhere, k_long_ago, {Results{{{action_of("p"), 1, 9, k_long_ago + 5}}}});
  const auto removed = [](const std::string& host) {
    return std::vector<Event>{
        {k_long_ago + 700,
         Removed{
             host, "/tier", {{action_of("p"), Removal::size}, {action_of("x"), Removal::age}}}}};
  };
  REQUIRE(append(place.journal, "gc-1", removed("box")));
  REQUIRE(append(place.journal, "gc-2", removed("other")));
  place.command(a_command("now"), k_long_ago + 1000, {Lookups{{missed("p"), missed("y")}}});
  Database database = place.open();
  CHECK(recent_jobs(database, 10)->size() == 5);  // a collection is no job
  const auto traces = traces_of_missed(database, *find_job(database, "github/job-now"));
  REQUIRE(traces);
  REQUIRE(traces->size() == 3);
  CHECK((*traces)[0].what == Trace::What::stored);
  CHECK((*traces)[0].at_us == k_long_ago + 5);
  CHECK_FALSE((*traces)[0].in_doubt);
  CHECK((*traces)[1].what == Trace::What::given);
  CHECK((*traces)[1].in_doubt);
  CHECK((*traces)[2].what == Trace::What::removed_by_size);
  CHECK((*traces)[2].at_us == k_long_ago + 700);
}

TEST_CASE("job facts: jobs like one are of its name and branch, at a desk of its words") {
  const Place place;
  place.command(a_command("a"), k_long_ago, {});
  place.command(a_command("b", "topic"), k_long_ago + 1000, {});
  place.command(a_command("c"), k_long_ago + 2000, {});
  place.command(a_command("d", "fresh"), k_long_ago + 3000, {});
  place.command(a_command("e"), k_long_ago + 4000, {});
  place.command(a_command("desk1", "", ""), k_long_ago + 5000, {});
  CommandBegan other = a_command("desk2", "", "");
  other.words = {"go", "vet"};
  place.command(other, k_long_ago + 6000, {});
  place.command(a_command("desk3", "", ""), k_long_ago + 7000, {});
  Database database = place.open();
  const auto like = [&database](std::string_view uid, std::size_t limit = 10) {
    const auto found = jobs_like(database, *find_job(database, uid), limit);
    REQUIRE(found);
    std::string text = found->same_branch ? "same:" : "any:";
    for (const JobRow& job : found->jobs) text += " " + job.uid;
    return text;
  };
  CHECK(like("github/job-e") == "same: github/job-c github/job-a");
  CHECK(like("github/job-e", 1) == "same: github/job-c");
  CHECK(like("github/job-d") == "any: github/job-c github/job-b github/job-a");
  CHECK(like("github/job-a") == "any:");
  CHECK(like("desk3") == "same: desk1");
}

TEST_CASE("job facts: another machine's are merged, its collections once") {
  const Place here;
  const Place there;
  here.command(a_command("a"), k_long_ago, {Lookups{{missed("p")}}});
  there.command(a_command("b"), k_long_ago,
                {Lookups{{missed("p")}}, Indexed{{{action_of("p"), Outcome::corrupt, 1, 1}}}});
  const std::vector<Event> removed = {
      {k_long_ago - 5, Removed{"box", "/tier", {{action_of("p"), Removal::age}}}}};
  REQUIRE(append(there.journal, "gc-1", removed));
  there.open();
  Database database = here.open();
  for (int i = 0; i < 2; ++i) REQUIRE(database.merge(database_file(there.journal)));
  CHECK(indexed_in(database, find_job(database, "github/job-b")->id)->size() == 1);
  // Its host has our name, and what it removed was not ours.
  CHECK(traces_of_missed(database, *find_job(database, "github/job-a"))->empty());
  CHECK(traces_of_missed(database, *find_job(database, "github/job-b"))->size() == 1);
  CHECK((*last_job_of(database, "box"))->uid == "github/job-a");
  // Back where it came from it is its own again, and ours is another's.
  const Place emptied;
  Database back = std::move(
      *Database::open_to_write(emptied.journal, Deadline::after(std::chrono::seconds(5))));
  Database theirs = there.open();
  auto id = theirs.connection().prepare("SELECT id FROM self");
  REQUIRE(*id->step());
  auto same = back.connection().prepare("UPDATE self SET id = ?");
  REQUIRE(same->with(std::string_view(id->text(0))).run());
  REQUIRE(back.merge(database_file(here.journal)));
  CHECK((*last_job_of(back, "box"))->uid == "github/job-b");
  CHECK(traces_of_missed(back, *find_job(back, "github/job-b"))->size() == 1);
  REQUIRE(database.trim(k_long_ago + 2 * k_journal_age_max_us));
  CHECK(*database.connection().number("SELECT count(*) FROM removed") == 0);
  CHECK(*database.connection().number("SELECT count(*) FROM indexed") == 0);
}

}  // namespace sluice::journal
