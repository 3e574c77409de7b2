#include "journal/queries.hpp"

#include "journal/spool.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace sluice::journal {
namespace {

ActionId action_of(std::string_view name) { return sha256_as<ActionId>(bytes_of(name)); }
std::string build_id(std::string_view name) {
  return build_id_of(action_of(name).view().first(15));
}

class Diary {
 public:
  Diary() : directory_(std::move(*sys::TempDirectory::create("queries"))) {}

  // One command that compiled `made` ("package=inputs") and was given `used`.
  void command(const std::string& id, Micros at_us, const std::vector<std::string>& made,
               const std::vector<std::string>& used, const std::string& ci_job = "") {
    CommandBegan began;
    began.id = id;
    began.ci = ci_job.empty() ? "" : "github";
    began.job_id = ci_job;
    began.words = {"go", "build"};
    std::vector<Event> events = {{at_us, began}};
    Lookups lookups;
    Results results;
    for (const std::string& text : made) {
      events.push_back(
          {at_us + 10, Compiled{text.substr(0, text.find('=')), build_id(text), "go1.27.4", text}});
      lookups.list.push_back({action_of(text), Answer::missed, 0, 0});
      results.list.push_back({action_of(text), 1, 100, at_us + 510});
    }
    for (const std::string& text : used) {
      lookups.list.push_back({action_of(text), Answer::remote, 70, 5});
    }
    events.push_back({at_us + 600, lookups});
    events.push_back({at_us + 600, results});
    events.push_back({at_us + 700, Fault{"store", "no route", 1}});
    events.push_back({at_us + 800, CommandEnded{800, 0, 0, "{}"}});
    REQUIRE(append(journal(), id, events));
  }

  Database open() const {
    std::string note;
    auto database = open_current(journal(), Deadline::after(std::chrono::seconds(5)), note);
    REQUIRE(database);
    REQUIRE(*database);
    return std::move(**database);
  }
  sys::Path journal() const { return directory_.path() / "journal"; }

 private:
  sys::TempDirectory directory_;
};

constexpr Micros k_long_ago = 1'000'000;

}  // namespace

TEST_CASE("queries: runs of tests, newest first, without those that were stopped") {
  const Diary diary;
  const auto ran = [&](const std::string& id, Micros at_us, RunEnd end, const std::string& test) {
    CommandBegan began;
    began.id = id;
    const std::vector<Event> events = {
        {at_us, began},
        {at_us + 1, TestRan{"m/" + id, test, "-race=true", end, 100, 50, 20, 7}},
        {at_us + 2, CommandEnded{2, 0, 0, "{}"}}};
    REQUIRE(append(diary.journal(), id, events));
  };
  const Micros now = now_us();
  ran("a", now - 50, RunEnd::passed, "");
  ran("b", now - 40, RunEnd::failed, "");
  ran("c", now - 30, RunEnd::stopped, "");
  ran("d", now - 20, RunEnd::passed, "TestD");
  auto database = diary.open();
  const auto runs = test_runs(database, 10);
  REQUIRE(runs);
  REQUIRE(runs->size() == 2);
  CHECK(runs->at(0).package == "m/b");
  CHECK(runs->at(1).package == "m/a");
  CHECK(runs->at(1).words == "-race=true");
  CHECK(runs->at(1).wall_us == 100);
  CHECK(runs->at(1).cpu_us == 50);
  CHECK(runs->at(1).memory == 7);
  CHECK(test_runs(database, 1)->size() == 1);
  const auto outcomes = test_outcomes(database, 10);
  REQUIRE(outcomes);
  REQUIRE(outcomes->size() == 4);
  CHECK(outcomes->at(0).package == "m/d");
  CHECK(outcomes->at(0).test == "TestD");
  CHECK_FALSE(outcomes->at(0).has_failed);
  CHECK(outcomes->at(0).words == "-race=true");
  CHECK(outcomes->at(1).has_failed);  // it was stopped
  CHECK(outcomes->at(1).wall_us == 0);
  CHECK(outcomes->at(2).has_failed);
  CHECK(outcomes->at(2).wall_us == 100);
  CHECK(outcomes->at(1).command != outcomes->at(2).command);
}

TEST_CASE("queries: jobs by number, name, beginning and last") {
  Diary diary;
  diary.command("aa1", k_long_ago, {}, {});
  diary.command("aa2", k_long_ago + 1000, {}, {});
  diary.command("c1", k_long_ago + 2000, {}, {}, "77");
  diary.command("c2", k_long_ago + 3000, {}, {}, "77");
  Database database = diary.open();
  CHECK(recent_jobs(database, 10)->size() == 3);
  CHECK(find_job(database, "last")->uid == "github/77");
  REQUIRE(database.connection().execute("UPDATE job SET host = 'box' WHERE uid LIKE 'aa%'"));
  CHECK((*last_job_of(database, "box"))->uid == "aa2");
  CHECK_FALSE(last_job_of(database, "none")->has_value());
  CHECK(find_job(database, "1")->uid == "aa1");
  CHECK(find_job(database, "aa2")->uid == "aa2");
  CHECK(find_job(database, "git")->uid == "github/77");
  CHECK(find_job(database, "aa").error().code == Code::invalid);
  const auto missing = find_job(database, "nothing");
  CHECK(missing.error().code == Code::invalid);
  CHECK(missing.error().message.find("github/77") != std::string::npos);
  // By number, however long ago it ran: a merged one is the newest here.
  REQUIRE(database.connection().execute("UPDATE job SET last_us = 1 WHERE id = 3"));
  CHECK(find_job(database, "nothing")
            .error()
            .message.ends_with("the last ones are 3 (github/77), 2 (aa2), 1 (aa1)"));
  CHECK(commands_of(database, find_job(database, "github/77")->id)->size() == 2);
}

TEST_CASE("queries: what was compiled, what was given, what it cost") {
  Diary diary;
  diary.command("one", k_long_ago, {"p=1", "q=1"}, {});
  diary.command("two", k_long_ago + 5000, {"p=2"}, {"q=1"});
  Database database = diary.open();
  const auto job = find_job(database, "two")->id;
  const auto compiled = compiled_in(database, job);
  REQUIRE(compiled);
  REQUIRE(compiled->size() == 1);
  CHECK(compiled->front().text == "p=2");
  CHECK(compiled->front().cost_us == 500);
  CHECK(compiled->front().build_id == build_id("p=2"));
  const auto hits = package_hits_in(database, job);
  REQUIRE(hits->size() == 1);
  CHECK(hits->front().package == "q");
  CHECK(hits->front().answer == Answer::remote);
  CHECK(hits->front().cost_us == 500);
  const auto answers = answers_in(database, job);
  REQUIRE(answers->size() == 2);
  CHECK(answers->front().bytes == 70);
  CHECK(faults_in(database, job)->front().reason == "store");
}

TEST_CASE("queries: earlier inputs, newest first, and of one build") {
  Diary diary;
  diary.command("one", k_long_ago, {"p=1"}, {});
  diary.command("two", k_long_ago + 5000, {"p=2"}, {});
  diary.command("three", k_long_ago + 10000, {"p=3"}, {});
  Database database = diary.open();
  const auto now = compiled_in(database, find_job(database, "three")->id)->front();
  const auto before = earlier_inputs(database, "p", now.at_us, 5);
  REQUIRE(before);
  REQUIRE(before->size() == 2);
  CHECK(before->front().text == "p=2");
  CHECK(before->front().job == find_job(database, "two")->id);
  const auto first = inputs_with(database, "p", build_id("p=1"));
  REQUIRE(*first);
  CHECK((*first)->text == "p=1");
  CHECK_FALSE(*inputs_with(database, "q", build_id("p=1")));
}

TEST_CASE("queries: inputs that were compiled before are told as such") {
  Diary diary;
  diary.command("one", k_long_ago, {"p=1"}, {});
  diary.command("two", k_long_ago + 5000, {"p=1", "q=1"}, {});
  Database database = diary.open();
  const auto job = find_job(database, "two")->id;
  const auto compiled = compiled_in(database, job);
  REQUIRE(compiled->size() == 2);
  for (const InputsRow& inputs : *compiled) {
    const auto before = same_inputs_before(database, inputs, job);
    REQUIRE(before);
    CHECK(before->has_value() == (inputs.package == "p"));
  }
  CHECK(*has_stored(database, build_id("p=1"), job));
  CHECK_FALSE(*has_stored(database, build_id("q=1"), job));  // by this job alone
  CHECK(*has_stored(database, build_id("q=1"), 0));
  CHECK_FALSE(*has_stored(database, build_id("r=1"), 0));
  CHECK_FALSE(*has_stored(database, "no build id", 0));
}

TEST_CASE("queries: the last link of a program, and what the last run of a test left") {
  Diary diary;
  const auto say = [&diary](const std::string& id, Micros at_us, std::vector<Body> bodies,
                            std::int64_t exit_status) {
    CommandBegan began;
    began.id = id;
    began.words = {"go", "test"};
    std::vector<Event> events = {{at_us, began}};
    for (Body& body : bodies) events.push_back({at_us + 10, std::move(body)});
    events.push_back({at_us + 20, CommandEnded{20, exit_status, 0, "{}"}});
    REQUIRE(append(diary.journal(), id, events));
  };
  const Linked program{"m/cmd", build_id("cmd"), "", Answer::missed, 5};
  const Linked binary{"m/p.test", build_id("p"), "", Answer::missed, 5};
  const auto tested = [](Answer answer, TestCause cause, std::uint8_t ran) {
    return Tested{"m/p", answer, cause, 5, {}, ran};
  };
  say("a", k_long_ago, {program, binary, tested(Answer::missed, TestCause::none, 1)}, 0);
  say("b", k_long_ago + 1000, {tested(Answer::reused, TestCause::none, 0)}, 0);
  say("c", k_long_ago + 2000, {tested(Answer::missed, TestCause::too_new, 0)}, 0);
  say("d", k_long_ago + 3000, {binary}, 1);
  say("e", k_long_ago + 4000, {binary}, k_exit_unknown);
  Database database = diary.open();
  const auto link = last_link_of(database, "m/cmd", 4, k_long_ago + 3000);
  REQUIRE((link && *link));
  CHECK((*link)->job == 1);
  CHECK((*link)->build_id == build_id("cmd"));
  CHECK_FALSE(*last_link_of(database, "m/cmd", 1, k_long_ago + 3000));
  CHECK_FALSE(*last_link_of(database, "m/cmd", 4, k_long_ago));
  const auto before = [&database](Micros at_us) {
    const auto last = last_test_of(database, "m/p", 99, k_long_ago + at_us);
    REQUIRE((last && *last));
    CHECK((*last)->is_answered == (at_us == 1001));
    return std::pair((*last)->is_kept, (*last)->ending);
  };
  CHECK_FALSE(*has_earlier(database, k_long_ago));
  CHECK(*has_earlier(database, k_long_ago + 1));
  CHECK(before(1) == std::pair(true, Ending::good));
  CHECK(before(1001) == std::pair(true, Ending::good));
  CHECK(before(2001) == std::pair(false, Ending::good));
  CHECK(before(3001) == std::pair(false, Ending::bad));
  CHECK(before(4001) == std::pair(false, Ending::unknown));
}

TEST_CASE("queries: a build ID counts once, whatever packages a merged journal says for it") {
  Diary diary;
  diary.command("one", k_long_ago, {"p=1", "q=1"}, {});
  diary.command("two", k_long_ago + 5000, {}, {"p=1", "q=1"});
  Database database = diary.open();
  // Under numbers before and after ours.
  for (const char* rows :
       {"INSERT INTO inputs SELECT id - 100, 'evil/' || package, build_id, salt, text, "
        "text_size, 999999, at_us, 'x' FROM inputs",
        "INSERT INTO inputs SELECT id + 500, 'bad/' || package, build_id, salt, text, "
        "text_size, 999999, at_us, 'x' FROM inputs WHERE id > 0"}) {
    REQUIRE(database.connection().execute(rows));
  }
  const auto hits = package_hits_in(database, find_job(database, "two")->id);
  REQUIRE(hits);
  REQUIRE(hits->size() == 2);
  CHECK(hits->front().package == "p");
  CHECK(hits->front().made_here);
  CHECK(hits->front().cost_us == 500);
  CHECK(hits->back().package == "q");
  CHECK(inputs_in(database, find_job(database, "two")->id)->size() == 2);
}

}  // namespace sluice::journal
