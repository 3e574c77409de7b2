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

TEST_CASE("queries: jobs by number, name, beginning and last") {
  Diary diary;
  diary.command("aa1", k_long_ago, {}, {});
  diary.command("aa2", k_long_ago + 1000, {}, {});
  diary.command("c1", k_long_ago + 2000, {}, {}, "77");
  diary.command("c2", k_long_ago + 3000, {}, {}, "77");
  Database database = diary.open();
  CHECK(recent_jobs(database, 10)->size() == 3);
  CHECK(find_job(database, "last")->uid == "github/77");
  CHECK(find_job(database, "1")->uid == "aa1");
  CHECK(find_job(database, "aa2")->uid == "aa2");
  CHECK(find_job(database, "git")->uid == "github/77");
  CHECK(find_job(database, "aa").error().code == Code::invalid);
  const auto missing = find_job(database, "nothing");
  CHECK(missing.error().code == Code::invalid);
  CHECK(missing.error().message.find("github/77") != std::string::npos);
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
}

}  // namespace sluice::journal
