#include "agent/result_reuse.hpp"

#include "agent/testing.hpp"
#include "agent/tool_record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>

using namespace sluice;
using namespace sluice::agent;
using namespace std::chrono_literals;
using gotool::BodyKind;
using gotool::LocalHit;
using Verdict = TestReuse::Verdict;

namespace {

// A module with one test's input, and results in memory behind the door of a TestReuse. What go
// itself would do is computed as go does; that it is so, real go says in gotool/test_inputs_test.
class Fixture {
 public:
  Fixture() {
    auto made = sys::TempDirectory::create("test_reuse");
    REQUIRE(made);
    directory_.emplace(std::move(*made));
    write("m/go.mod", "module example.org/m\n");
    write("m/p/data", "content");
    log_ = body("log", "# test log\nopen data\n");
    output_ = body("output", "PASS\nok  \texample.org/m/p\t0.01s\n");
  }

  sys::Path root() const { return directory_->path() / "m"; }

  void write(const std::string& name, std::string_view text) const {
    const sys::Path file = directory_->path() / name;
    REQUIRE(sys::make_directories(file.parent_path()));
    REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
    REQUIRE(sys::touch(file, unix_now_ns() - 3'600'000'000'000));
  }

  // Other contents of the same size and time.
  void change_unseen() const {
    const auto info = sys::stat_file(root() / "p/data");
    REQUIRE(info);
    write("m/p/data", "CONTENT");
    REQUIRE(sys::touch(root() / "p/data", (*info)->mtime_ns));
  }

  LocalHit body(const std::string& name, std::string_view text) const {
    write("bodies/" + name, text);
    LocalHit hit;
    hit.output = sha256_as<BlobId>(bytes_of(text));
    hit.size = text.size();
    hit.disk_path = directory_->path() / "bodies" / name;
    return hit;
  }

  TestReuse::GoView go() const {
    return {sys::Environment(), "go1.26.8", directory_->path() / "goroot", root() / "p", 022, {}};
  }

  TestReuse::Cache cache() {
    return {[this](const ActionId& action, const TestReuse::Fetched& fetched) {
              std::optional<LocalHit> found;
              {
                const std::lock_guard lock(mutex_);
                if (const auto at = kept_.find(action); at != kept_.end()) found = at->second;
              }
              fetched(found, false);
            },
            [this](const ActionId& action, ByteView bytes) {
              const LocalHit hit = body(action.short_hex(), text_of(bytes));
              const std::lock_guard lock(mutex_);
              kept_[action] = hit;
            },
            [this](const ActionId& action, const LocalHit& same) {
              const std::lock_guard lock(mutex_);
              kept_[action] = same;
            },
            [this](const journal::Body& told) {
              const std::lock_guard lock(mutex_);
              if (const auto* tested = std::get_if<journal::Tested>(&told)) {
                told_.push_back(*tested);
              }
              if (const auto* given = std::get_if<journal::TestGiven>(&told)) {
                given_.push_back(*given);
              }
            }};
  }

  // The key that go would use now.
  ActionId go_key(const sys::Environment& env = {}) const { return go_key(env, test_id); }
  ActionId go_key(const sys::Environment& env, const ActionId& id) const {
    const auto bytes = sys::read_file(log_.disk_path, 1U << 20U);
    REQUIRE(bytes);
    const auto inputs = gotool::test_inputs(**bytes, {root() / "p", root()});
    REQUIRE(inputs);
    gotool::Snapshot files;
    const auto inputs_id = gotool::go_test_inputs_id(*inputs, {env, "go1.26.8", 022, {}}, files);
    REQUIRE(inputs_id);
    return gotool::go_result_key(id, *inputs_id);
  }

  // Inputs that were written in the same moment would be too new.
  static void settle() {
    const UnixNanos settled = unix_now_ns() + 50'000'000;
    while (unix_now_ns() < settled) std::this_thread::yield();
  }

  // As go with a passing test.
  void store_result(TestReuse& reuse) const {
    settle();
    CHECK_FALSE(reuse.take(test_id, std::nullopt, {}));
    reuse.made(test_id, log_, BodyKind::test_log);
    reuse.made(go_key(), output_, BodyKind::test_output);
    reuse.finish(Deadline::after(60s));
  }

  struct Answered {
    bool taken = false;
    Verdict verdict = Verdict::not_ours;
    TestReuse::Found found;
  };
  Answered look_up(TestReuse& reuse, const ActionId& action,
                   const TestReuse::Found& local = std::nullopt) const {
    auto promise = std::make_shared<std::promise<Answered>>();
    auto future = promise->get_future();
    const bool taken =
        reuse.take(action, local, [promise](Verdict verdict, const TestReuse::Found& found, bool) {
          promise->set_value({true, verdict, found});
        });
    if (!taken) return {};
    REQUIRE(future.wait_for(60s) == std::future_status::ready);
    return future.get();
  }

  const ActionId test_id = sha256_as<ActionId>(bytes_of("test"));
  LocalHit log_;
  LocalHit output_;
  std::mutex mutex_;
  std::map<ActionId, LocalHit> kept_;
  std::vector<journal::Tested> told_;
  std::vector<journal::TestGiven> given_;

 private:
  std::optional<sys::TempDirectory> directory_;
};

}  // namespace

TEST_CASE("a result is found again under the key of other times") {
  Fixture at;
  {
    TestReuse first(at.go(), {}, at.cache());
    at.store_result(first);
    CHECK(at.kept_.size() == 2);
  }
  const ActionId before = at.go_key();
  at.write("m/p/data", "content");
  const ActionId now = at.go_key();
  REQUIRE(now != before);

  TestReuse second(at.go(), {}, at.cache());
  CHECK_FALSE(at.look_up(second, now).taken);  // nobody was given the log
  second.given(at.test_id, at.log_, unix_now_ns());
  const auto answered = at.look_up(second, now);
  CHECK(answered.verdict == Verdict::reuse);
  REQUIRE(answered.found);
  CHECK(answered.found->output == at.output_.output);
  REQUIRE(at.given_.size() == 1);
  CHECK(at.given_[0].package == "example.org/m/p");
  CHECK(at.given_[0].action == now);
  CHECK(at.kept_.contains(at.given_[0].found));
  REQUIRE(at.told_.size() == 2);
  CHECK(at.told_[0].package == "example.org/m/p");
  CHECK(at.told_[0].ran == 1);
  CHECK(at.told_[1].answer == journal::Answer::reused);
  CHECK(at.told_[1].test_us == 10'000);
  // Other lookups are not its business, whether they wait or not.
  const ActionId other = sha256_as<ActionId>(bytes_of("other"));
  CHECK_FALSE(at.look_up(second, other).taken);
  second.given(at.test_id, at.log_, unix_now_ns());
  CHECK(at.look_up(second, other).verdict == Verdict::not_ours);
}

TEST_CASE("a result of other contents is not, even under go's own key") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  at.change_unseen();

  TestReuse second(at.go(), {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  const auto answered = at.look_up(second, at.go_key(), at.output_);
  CHECK(answered.verdict == Verdict::miss);
  CHECK(answered.found);
  REQUIRE(at.told_.size() == 2);
  CHECK(at.told_[1].answer == journal::Answer::refused);
  CHECK(at.told_[1].cause == journal::TestCause::inputs);
  CHECK(at.told_[1].names == std::vector<std::string>{"open p/data"});
}

TEST_CASE("what is refused under a test's first ID is not given under its second") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  at.change_unseen();
  // Nothing is kept under it but what go itself has.
  const ActionId second_id = sha256_as<ActionId>(bytes_of("the binary"));
  const ActionId second_key = at.go_key({}, second_id);
  TestReuse second(at.go(), {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  CHECK(at.look_up(second, at.go_key(), at.output_).verdict == Verdict::miss);
  second.given(second_id, at.log_, unix_now_ns());
  CHECK(at.look_up(second, second_key, at.output_).verdict == Verdict::miss);
  CHECK(at.told_.back().cause == journal::TestCause::unknown);
  // Of a test of which nothing is known it stays go's business.
  TestReuse other(at.go(), {}, at.cache());
  other.given(second_id, at.log_, unix_now_ns());
  CHECK(at.look_up(other, second_key, at.output_).verdict == Verdict::not_ours);
}

TEST_CASE("a file too young for go to look is told, and what has changed before that") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  const auto told_of = [&at](UnixNanos mtime_ns) {
    at.told_.clear();
    REQUIRE(sys::touch(at.root() / "p/data", mtime_ns));
    TestReuse reuse(at.go(), {}, at.cache());
    reuse.given(at.test_id, at.log_, unix_now_ns());
    reuse.finish(Deadline::after(60s));
    return at.told_;
  };
  CHECK(told_of(unix_now_ns() - 3'000'000'000).empty());
  const auto young = told_of(unix_now_ns());
  REQUIRE(young.size() == 1);
  CHECK(young[0].package == "example.org/m/p");
  CHECK(young[0].answer == journal::Answer::missed);
  CHECK(young[0].cause == journal::TestCause::too_new);
  CHECK(young[0].names == std::vector<std::string>{"open p/data"});
  at.write("m/p/data", "changed");
  const auto changed = told_of(unix_now_ns());
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].cause == journal::TestCause::inputs);
  // Another run was kept since; that there is a result of these contents, too, says more.
  TestReuse other(at.go(), {}, at.cache());
  at.settle();
  at.store_result(other);
  at.write("m/p/data", "content");
  const auto again = told_of(unix_now_ns());
  REQUIRE(again.size() == 1);
  CHECK(again[0].cause == journal::TestCause::too_new);
}

TEST_CASE("of a variable that changed its name is told, and no more than a byte of it is kept") {
  Fixture at;
  at.log_ = at.body("log", "# test log\ngetenv SECRET\nopen data\n");
  auto go = at.go();
  go.env.set("SECRET", "one");
  {
    TestReuse first(go, {}, at.cache());
    at.settle();
    CHECK_FALSE(first.take(at.test_id, std::nullopt, {}));
    first.made(at.test_id, at.log_, BodyKind::test_log);
    first.made(at.go_key(go.env), at.output_, BodyKind::test_output);
    first.finish(Deadline::after(60s));
    REQUIRE(at.kept_.size() == 2);
  }
  go.env.set("SECRET", "two");
  TestReuse second(go, {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  CHECK(at.look_up(second, at.go_key(go.env)).verdict == Verdict::miss);
  REQUIRE(at.told_.size() == 2);
  CHECK(at.told_[1].answer == journal::Answer::missed);
  CHECK(at.told_[1].names == std::vector<std::string>{"getenv SECRET"});
}

TEST_CASE("a result under go's own key stays the answer when its contents are the same") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  TestReuse second(at.go(), {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  const auto answered = at.look_up(second, at.go_key(), at.output_);
  CHECK(answered.verdict == Verdict::as_it_is);
  CHECK(answered.found);
}

TEST_CASE("cover profiles go with their results") {
  Fixture at;
  const LocalHit profile = at.body("profile", "mode: set\n");
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  first.made(gotool::cover_profile_key(at.go_key()), profile, BodyKind::cover_profile);
  first.finish(Deadline::after(60s));
  CHECK(at.kept_.size() == 3);
  at.write("m/p/data", "content");

  TestReuse second(at.go(), {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  const ActionId now = at.go_key();
  CHECK(at.look_up(second, now).verdict == Verdict::reuse);
  const auto answered = at.look_up(second, gotool::cover_profile_key(now));
  CHECK(answered.verdict == Verdict::reuse);
  REQUIRE(answered.found);
  CHECK(answered.found->output == profile.output);
}

TEST_CASE("nothing is kept that go's key does not prove, and nothing without a package") {
  Fixture at;
  TestReuse reuse(at.go(), {}, at.cache());
  Fixture::settle();
  CHECK_FALSE(at.look_up(reuse, at.test_id).taken);
  reuse.made(at.test_id, at.log_, BodyKind::test_log);
  reuse.made(sha256_as<ActionId>(bytes_of("another key")), at.output_, BodyKind::test_output);
  reuse.made(at.go_key(), at.body("none", "ok  \texample.org/none\t1s\n"), BodyKind::test_output);
  reuse.made(at.go_key(), at.body("odd", "PASS\n"), BodyKind::test_output);
  reuse.finish(Deadline::after(60s));
  CHECK(at.kept_.empty());
  reuse.made(at.go_key(), at.output_, BodyKind::test_output);
  reuse.finish(Deadline::after(60s));
  CHECK(at.kept_.size() == 2);
}

TEST_CASE("under both its IDs a result that changed its package's directory is for every place") {
  Fixture at;
  auto go = at.go();
  go.entries = at.root() / "entries";
  REQUIRE(sys::make_directories(go.entries));
  const std::string package = "example.org/m/p";
  const ActionId test_ids[] = {at.test_id, sha256_as<ActionId>(bytes_of("of another build"))};
  at.log_ = at.body("log", "# test log\nopen data\nstat .\n");
  Fixture::settle();
  TestReuse reuse(go, {}, at.cache());
  for (const ActionId& id : test_ids) CHECK_FALSE(reuse.take(id, std::nullopt, {}));
  const auto before = gotool::EntriesBefore::of_package(at.root() / "p", at.root());
  REQUIRE(before);
  REQUIRE(sys::write_file_atomic(entries_file(go.entries, go.pid, package), before->encode()));
  // It makes a file of its own and removes it.
  at.write("m/p/own", "");
  REQUIRE(sys::remove_file(at.root() / "p/own"));
  for (const ActionId& id : test_ids) {
    reuse.made(id, at.log_, BodyKind::test_log);
    reuse.made(at.go_key({}, id), at.output_, BodyKind::test_output);
  }
  reuse.finish(Deadline::after(60s));
  REQUIRE(at.kept_.size() == 4);
  // Other times, as in another place: what was kept for its place only is not found.
  REQUIRE(sys::touch(at.root() / "p/data", unix_now_ns() - 7'200'000'000'000));
  for (const ActionId& id : test_ids) {
    TestReuse second(at.go(), {}, at.cache());
    second.given(id, at.log_, unix_now_ns());
    CHECK(at.look_up(second, at.go_key({}, id)).verdict == Verdict::reuse);
  }
}

TEST_CASE("what was changed while the test ran is not kept") {
  Fixture at;
  TestReuse reuse(at.go(), {}, at.cache());
  // go never asked: nobody knows when the test began.
  reuse.made(at.test_id, at.log_, BodyKind::test_log);
  reuse.made(at.go_key(), at.output_, BodyKind::test_output);
  reuse.finish(Deadline::after(60s));
  CHECK(at.kept_.empty());
  at.look_up(reuse, at.test_id);
  at.write("m/p/data", "changed");
  reuse.made(at.test_id, at.log_, BodyKind::test_log);
  reuse.made(at.go_key(), at.output_, BodyKind::test_output);
  reuse.finish(Deadline::after(60s));
  CHECK(at.kept_.empty());
}

TEST_CASE("under go's own key the result of the contents is the answer") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  TestReuse second(at.go(), {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  const LocalHit other = at.body("other", "read two\nok  \texample.org/m/p\t0.02s\n");
  const auto answered = at.look_up(second, at.go_key(), other);
  CHECK(answered.verdict == Verdict::reuse);
  REQUIRE(answered.found);
  CHECK(answered.found->output == at.output_.output);
}

TEST_CASE("a go that prints its hashes is given what was kept without that, and nothing is kept") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  const auto kept = at.kept_;
  TestReuse::GoView traced = at.go();
  traced.env.set("GODEBUG", "gocachehash=1");
  {
    TestReuse own(traced, {}, at.cache());
    own.given(at.test_id, at.log_, unix_now_ns());
    CHECK(at.look_up(own, at.go_key(traced.env)).verdict == Verdict::miss);
  }
  traced.env.set(std::string(k_why_trace_variable), "1");
  TestReuse second(traced, {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  const ActionId key = at.go_key(traced.env);
  CHECK(key != at.go_key());
  CHECK(at.look_up(second, key).verdict == Verdict::reuse);

  Fixture::settle();
  at.look_up(second, at.test_id);
  second.made(at.test_id, at.log_, BodyKind::test_log);
  second.made(key, at.body("again", "again\nok  \texample.org/m/p\t0.01s\n"),
              BodyKind::test_output);
  second.finish(Deadline::after(60s));
  CHECK(at.kept_.size() == kept.size());
  for (const auto& [action, hit] : kept) CHECK(at.kept_.at(action).output == hit.output);

  traced.env.set("GODEBUG", "netdns=go,gocachehash=1");
  TestReuse third(traced, {}, at.cache());
  third.given(at.test_id, at.log_, unix_now_ns());
  CHECK(at.look_up(third, at.go_key(traced.env)).verdict == Verdict::miss);
}

TEST_CASE("a lookup that waits in vain is a miss at the end") {
  Fixture at;
  TestReuse::Cache cache = at.cache();
  cache.fetch = [](const ActionId&, const TestReuse::Fetched&) {};  // an agent that never answers
  TestReuse reuse(at.go(), {}, cache);
  reuse.given(at.test_id, at.log_, unix_now_ns());
  std::promise<Verdict> answered;
  REQUIRE(reuse.take(at.go_key(), std::nullopt,
                     [&answered](Verdict verdict, const TestReuse::Found&, bool) {
                       answered.set_value(verdict);
                     }));
  reuse.finish(Deadline::after(60s));
  CHECK(answered.get_future().get() == Verdict::miss);
}

TEST_CASE("a damaged record is no record") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  at.kept_[gotool::inputs_record_key(at.test_id)] = at.body("damaged", "sluice test inputs 1");
  TestReuse second(at.go(), {}, at.cache());
  second.given(at.test_id, at.log_, unix_now_ns());
  CHECK(at.look_up(second, at.go_key()).verdict == Verdict::not_ours);
}

TEST_CASE("a sample is tested again, and what does not pass then is told") {
  Fixture at;
  TestReuse first(at.go(), {}, at.cache());
  at.store_result(first);
  at.write("m/p/data", "content");
  const ActionId now = at.go_key();
  for (const bool passes : {true, false}) {
    CAPTURE(passes);
    TestReuse again(at.go(), {1.0, 7}, at.cache());
    again.given(at.test_id, at.log_, unix_now_ns());
    CHECK(at.look_up(again, now).verdict == Verdict::miss);
    if (passes) at.store_result(again);
    const auto verified = again.verified();
    CHECK(verified.packages == 1);
    CHECK(verified.failed.size() == (passes ? 0U : 1U));
    CHECK(std::ranges::count(at.told_, journal::TestCause::verify, &journal::Tested::cause) ==
          (passes ? 1 : 2));
  }
  TestReuse unsampled(at.go(), {0.0, 7}, at.cache());
  unsampled.given(at.test_id, at.log_, unix_now_ns());
  CHECK(at.look_up(unsampled, now).verdict == Verdict::reuse);
  CHECK(unsampled.verified().packages == 0);
}
