#include "agent/result_reuse.hpp"

#include "agent/tool_record.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "gotool/hash_trace.hpp"
#include "gotool/same_path.hpp"
#include "sys/fd.hpp"
#include "sys/log.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

namespace sluice::agent {
namespace {

using gotool::BodyKind;
using gotool::LocalHit;

constexpr std::size_t k_log_head = 16;  // tells a test's log
constexpr UnixNanos k_tick_ns = 20'000'000;
constexpr std::uint64_t k_record_max = std::uint64_t{32} << 20U;
constexpr std::string_view k_ok = "ok  \t";
constexpr std::uint64_t k_entries_bytes_max = 16U << 20U;
constexpr std::size_t k_changed_max = 20;  // names of inputs in one event

bool is_test_output(const LocalHit& hit) {
  return gotool::classify({}, end_of(hit)) == BodyKind::test_output;
}

std::optional<Bytes> content_of(const LocalHit& hit, std::uint64_t size_max) {
  if (hit.size > size_max) return std::nullopt;
  auto bytes = sys::read_file(hit.disk_path, size_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::move(**bytes);
}

// A passing test's last line: "ok  \texample.org/p\t0.012s", perhaps with the coverage after it.
struct LastLine {
  std::string package;
  std::uint64_t test_us = 0;
};
LastLine last_line(const LocalHit& result) {
  const Bytes end = end_of(result);
  std::string_view text = text_of(end);
  if (!text.ends_with('\n')) return {};
  text.remove_suffix(1);
  std::string_view line = text.substr(text.rfind('\n') + 1);
  if (!line.starts_with(k_ok)) return {};
  line.remove_prefix(k_ok.size());
  const auto fields = split(line, '\t');
  LastLine last{std::string(fields.front()), 0};
  if (fields.size() > 1) {
    const auto took = parse_duration(fields[1]);
    if (took) last.test_us = static_cast<std::uint64_t>(took->count()) * 1000;
  }
  return last;
}

// "open testdata/a", "getenv HOME": what the record knows otherwise, variables first. Of more than
// k_changed_max the last says how many are left out.
std::vector<std::string> changed_inputs(const gotool::TestRecord& record,
                                        const std::vector<gotool::TestInput>& inputs,
                                        const std::vector<std::uint32_t>& parts) {
  std::vector<std::string> variables;
  std::vector<std::string> files;
  std::set<std::string> told;
  if (record.lines.empty() && !inputs.empty()) return {};  // nothing is known of them
  if (record.godebug != parts.front()) variables.emplace_back("getenv GODEBUG");
  for (std::size_t i = 0; i < inputs.size() && i < record.lines.size(); ++i) {
    const auto& line = record.lines[i];
    if (line.op != inputs[i].op || line.name != inputs[i].name) return {};  // of another log
    if (line.part == parts.at(i + 1)) continue;
    std::vector<std::string>& list = line.op == gotool::TestOp::getenv ? variables : files;
    std::string words = fmt::format("{} {}", gotool::name_of(line.op), line.name);
    if (told.insert(words).second) list.push_back(std::move(words));
  }
  std::ranges::move(files, std::back_inserter(variables));
  if (variables.size() > k_changed_max) {
    const std::size_t more = variables.size() - (k_changed_max - 1);
    variables.resize(k_changed_max - 1);
    variables.push_back(fmt::format("more and {} more", more));
  }
  return variables;
}

constexpr std::string_view k_godebug = "GODEBUG";

sys::Environment untraced(sys::Environment env) {
  const auto value = env.get(k_godebug);
  if (!value || !gotool::has_hash_trace(*value)) return env;
  const std::string kept = gotool::without_hash_trace(*value);
  if (kept.empty())
    env.unset(k_godebug);
  else
    env.set(k_godebug, kept);
  return env;
}

}  // namespace

TestReuse::TestReuse(GoView go, Verify verify, Cache cache)
    : go_(std::move(go)),
      is_traced_(go_.env.has(k_why_trace_variable)),
      content_env_(is_traced_ ? untraced(go_.env) : go_.env),
      verify_(verify),
      cache_(std::move(cache)),
      not_logs_(cache_.not_logs),
      began_ns_(unix_now_ns()),
      thread_([this] { work(); }) {}

TestReuse::~TestReuse() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TestReuse::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (ending_) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    busy_ = true;
    lock.unlock();
    task();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void TestReuse::enqueue(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

// Of the thousands of outputs that go is given few are: each is opened once.
bool TestReuse::is_test_log(const LocalHit& hit) {
  if (hit.size == 0 || hit.size > gotool::k_test_log_max || not_logs_.has(hit.output)) return false;
  const Bytes head = part_of(hit, 0, k_log_head);
  if (gotool::classify(head) == BodyKind::test_log) return true;
  if (!head.empty()) not_logs_.add(hit.output);
  return false;
}

void TestReuse::finish(Deadline deadline) {
  std::vector<Held> held;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline.at(), [this] { return tasks_.empty() && !busy_; });
    held = std::exchange(held_, {});
  }
  for (const Held& lookup : held) lookup.answer(Verdict::miss, std::nullopt, false);
  if (const auto saved = not_logs_.save(); !saved) {
    sys::log_debug("outputs that are no logs: {}", saved.error().message);
  }
}

void TestReuse::given(const ActionId& action, const LocalHit& hit, UnixNanos now_ns) {
  if (!is_test_log(hit)) return;
  std::uint64_t turn = 0;
  {
    const std::lock_guard lock(mutex_);
    turn = ++turn_;
    pending_.insert(turn);
    asked_[action] = now_ns;
  }
  enqueue([this, action, hit, turn] { begin(action, hit, turn); });
}

// The inputs record says which package this is.
void TestReuse::begin(const ActionId& test_id, const LocalHit& log, std::uint64_t turn) {
  auto body = content_of(log, gotool::k_test_log_max);
  if (!body) return settle(turn, {}, std::nullopt);
  cache_.fetch(gotool::inputs_record_key(test_id),
               [this, turn, given = Log{test_id, std::move(*body), 0}](const Found& record, bool) {
                 enqueue([this, turn, given, record] { expect(given, record, turn); });
               });
}

// What is known of the inputs of this test: its own record, else no more than the package, from
// another ID of a test with this very log. go asks by the second ID when it was refused what is
// kept under the first, and must not be given there what is under go's key alone.
std::optional<gotool::TestRecord> TestReuse::record_of(const Log& log, const Found& record) {
  const auto bytes = record ? content_of(*record, k_record_max) : std::nullopt;
  auto decoded = bytes ? gotool::TestRecord::decode(*bytes) : fail(Code::not_found, "no record");
  const auto name = sha256_as<BlobId>(log.body);
  if (decoded) {
    packages_[name] = decoded->import_path;
    return std::move(*decoded);
  }
  const auto known = packages_.find(name);
  if (known == packages_.end()) return std::nullopt;
  gotool::TestRecord unknown;
  unknown.import_path = known->second;
  return unknown;
}

void TestReuse::expect(const Log& log, const Found& record, std::uint64_t turn) {
  const ActionId& test_id = log.test_id;
  const auto decoded = record_of(log, record);
  if (!decoded) return settle(turn, {}, std::nullopt);
  auto inputs = inputs_now(log.body, decoded->import_path);
  // Many tests consult the same variables: then the log may be another package's.
  const auto is_variable = [](const auto& input) { return input.op == gotool::TestOp::getenv; };
  if (inputs && decoded->lines.empty() && std::ranges::all_of(inputs->list, is_variable) &&
      !inputs->list.empty()) {
    return settle(turn, {}, std::nullopt);
  }
  const auto contents = inputs ? fingerprint_of(test_id, *inputs) : std::nullopt;
  if (!contents) return settle(turn, {}, std::nullopt);
  const ActionId own = gotool::result_key(test_id, contents->whole);
  const ActionId gos = gotool::go_result_key(test_id, inputs->id);
  const Expected expected{own, gotool::in_place_key(own, gos), decoded->import_path,
                          changed_inputs(*decoded, inputs->list, contents->parts), false};
  tell_too_new(expected, *inputs);
  settle(turn, gos, expected);
}

// go does not ask for the result, and runs the test. What it consults may have changed as well:
// where there is no result of the same contents, that is why.
void TestReuse::tell_too_new(const Expected& expected, Inputs& inputs) {
  std::vector<std::string> young;
  for (const auto& input : gotool::too_young(inputs.list, inputs.files, unix_now_ns())) {
    if (young.size() == k_changed_max) break;
    young.push_back(fmt::format("{} {}", gotool::name_of(input.op), input.name));
  }
  if (young.empty()) return;
  cache_.fetch(expected.own, [this, expected, young](const Found& found, bool) {
    const bool is_changed = !found && !expected.changed.empty();
    journal::Tested told;
    told.package = expected.package;
    told.answer = journal::Answer::missed;
    told.cause = is_changed ? journal::TestCause::inputs : journal::TestCause::too_new;
    told.names = is_changed ? expected.changed : young;
    cache_.tell(std::move(told));
  });
}

// One log's key is known, or will not be: lookups that waited for it go on.
void TestReuse::settle(std::uint64_t turn, const ActionId& theirs,
                       const std::optional<Expected>& expected) {
  std::vector<std::pair<Expected, Held>> ours;
  std::vector<Held> others;
  {
    const std::lock_guard lock(mutex_);
    pending_.erase(turn);
    if (expected && expected_.size() < k_expected_max) {
      expected_[theirs] = *expected;
      expected_[gotool::cover_profile_key(theirs)] =
          Expected{gotool::cover_profile_key(expected->own),
                   gotool::cover_profile_key(expected->in_place),
                   expected->package,
                   {},
                   true};
    }
    for (auto held = held_.begin(); held != held_.end();) {
      const auto at = expected_.find(held->action);
      const bool waits = !pending_.empty() && *pending_.begin() < held->turn;
      if (at == expected_.end() && waits) {
        ++held;
        continue;
      }
      if (at != expected_.end())
        ours.emplace_back(at->second, std::move(*held));
      else
        others.push_back(std::move(*held));
      held = held_.erase(held);
    }
  }
  changed_.notify_all();
  for (auto& [known, held] : ours) claim(known, std::move(held));
  for (const Held& held : others) held.answer(Verdict::not_ours, held.local, false);
}

bool TestReuse::take(const ActionId& action, const Found& local, Answer answer) {
  Expected expected;
  {
    const std::lock_guard lock(mutex_);
    if (!local && asked_.size() < k_expected_max) asked_[action] = unix_now_ns();
    const auto at = expected_.find(action);
    if (at == expected_.end()) {
      if (pending_.empty()) return false;
      // What is there and is no test's result is not waited for.
      if (local && !is_test_output(*local)) return false;
      held_.push_back(Held{action, local, std::move(answer), ++turn_});
      return true;
    }
    expected = at->second;
  }
  claim(expected, Held{action, local, std::move(answer), 0});
  return true;
}

void TestReuse::claim(const Expected& expected, Held held) {
  cache_.fetch(expected.own,
               [this, expected, held = std::move(held)](const Found& found, bool from_agent) {
                 if (found) return give(expected, expected.own, held, *found, from_agent);
                 cache_.fetch(expected.in_place, [this, expected, held](const Found& in_place,
                                                                        bool in_place_from_agent) {
                   if (in_place) {
                     return give(expected, expected.in_place, held, *in_place, in_place_from_agent);
                   }
                   tell_miss(expected, held.local);
                   held.answer(Verdict::miss, held.local, in_place_from_agent);
                 });
               });
}

void TestReuse::give(const Expected& expected, const ActionId& found, const Held& held,
                     const LocalHit& result, bool from_agent) {
  if (should_run_again(expected.package)) {
    {
      const std::lock_guard lock(mutex_);
      again_.emplace(expected.package, false);
    }
    tell_again(expected);
    return held.answer(Verdict::miss, std::nullopt, from_agent);
  }
  // Under go's own key there may be the result of other contents.
  const bool is_gos = held.local && held.local->output == result.output;
  tell_hit(expected, result, is_gos ? journal::Answer::local : journal::Answer::reused);
  cache_.tell(journal::TestGiven{expected.package, held.action, is_gos ? held.action : found});
  if (is_gos) return held.answer(Verdict::as_it_is, held.local, false);
  held.answer(Verdict::reuse, result, from_agent);
}

void TestReuse::tell_miss(const Expected& expected, const Found& local) {
  if (expected.is_profile) return;
  journal::Tested told;
  told.package = expected.package;
  told.answer = local ? journal::Answer::refused : journal::Answer::missed;
  told.cause = expected.changed.empty() ? journal::TestCause::unknown : journal::TestCause::inputs;
  told.names = expected.changed;
  cache_.tell(std::move(told));
}

void TestReuse::tell_again(const Expected& expected) {
  if (expected.is_profile) return;
  journal::Tested told;
  told.package = expected.package;
  told.answer = journal::Answer::missed;
  told.cause = journal::TestCause::verify;
  cache_.tell(std::move(told));
}

void TestReuse::tell_hit(const Expected& expected, const LocalHit& result, journal::Answer answer) {
  if (expected.is_profile) return;
  journal::Tested told;
  told.package = expected.package;
  told.answer = answer;
  told.test_us = last_line(result).test_us;
  cache_.tell(std::move(told));
}

// The same for both keys of a package.
bool TestReuse::should_run_again(const std::string& package) const {
  if (verify_.share <= 0) return false;
  const auto digest = sha256(bytes_of(fmt::format("{} {}", verify_.seed, package)));
  std::uint32_t lot = 0;
  std::memcpy(&lot, digest.data(), sizeof lot);
  constexpr double k_lots = 4294967296.0;  // 2^32
  return static_cast<double>(lot) / k_lots < verify_.share;
}

TestReuse::Verified TestReuse::verified() {
  const std::lock_guard lock(mutex_);
  Verified result;
  result.packages = again_.size();
  for (const auto& [package, passed] : again_) {
    if (!passed) result.failed.push_back(package);
  }
  return result;
}

void TestReuse::made(const ActionId& action, const LocalHit& hit, BodyKind kind) {
  switch (kind) {
    case BodyKind::test_log:
      enqueue([this, action, hit] {
        auto body = content_of(hit, gotool::k_test_log_max);
        UnixNanos asked_ns = 0;
        {
          const std::lock_guard lock(mutex_);
          const auto at = asked_.find(action);
          if (at != asked_.end()) asked_ns = at->second;
        }
        if (!body || asked_ns == 0) return;
        if (logs_made_.size() == k_logs_made_max) logs_made_.pop_front();
        logs_made_.push_back({action, std::move(*body), asked_ns});
      });
      break;
    case BodyKind::test_output: enqueue([this, action, hit] { match(action, hit); }); break;
    case BodyKind::cover_profile:
      enqueue([this, action, hit] {
        const auto at = profiles_.find(action);
        if (at == profiles_.end()) return;
        for (const ActionId& own : at->second) cache_.name(own, hit);
        profiles_.erase(at);
      });
      break;
    default: break;
  }
}

// A result was stored: which of the logs before it does its key come from?
void TestReuse::match(const ActionId& action, const LocalHit& result) {
  const auto [package, test_us] = last_line(result);
  if (package.empty()) return;
  journal::Tested told;
  told.package = package;
  told.test_us = test_us;
  told.ran = 1;
  cache_.tell(std::move(told));
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = again_.find(package); at != again_.end()) at->second = true;
  }
  for (auto log = logs_made_.begin(); log != logs_made_.end(); ++log) {
    auto inputs = inputs_now(log->body, package);
    if (!inputs || gotool::go_result_key(log->test_id, inputs->id) != action) continue;
    keep(*log, package, *inputs, action, result);
    logs_made_.erase(log);
    return;
  }
  sys::log_debug("test {}: its key does not recompute", package);
}

void TestReuse::keep(const Log& log, const std::string& import_path, Inputs& inputs,
                     const ActionId& action, const LocalHit& result) {
  if (is_traced_) return;
  const auto contents = fingerprint_of(log.test_id, inputs);
  if (!contents) return;
  // What was changed while the test ran is not what it read. A file's time may lag by a tick.
  const UnixNanos began_ns = log.asked_ns - k_tick_ns;
  if (inputs.files.files_changed_since(began_ns)) {
    sys::log_debug("test {}: not kept, a file was changed meanwhile", import_path);
    return;
  }
  const auto before = entries_before(import_path);
  // As the test found it, where that is known.
  const auto made = before ? directories_made(*before, inputs) : std::set<std::string>();
  const bool is_in_place = may_have_lost(before, inputs, made, began_ns);
  const auto found =
      made.empty() || is_in_place ? contents : fingerprint_of(log.test_id, inputs, made);
  if (!found) return;
  gotool::TestRecord record;
  record.import_path = import_path;
  record.umask = go_.umask;
  record.godebug = static_cast<std::uint8_t>(found->parts.front());
  for (std::size_t i = 0; i < inputs.list.size(); ++i) {
    record.lines.push_back({inputs.list[i].op, inputs.list[i].name, found->parts.at(i + 1)});
  }
  cache_.keep(gotool::inputs_record_key(log.test_id), record.encode());
  std::vector<ActionId>& profiles = profiles_[gotool::cover_profile_key(action)];
  const auto name = [&](const ActionId& own) {
    cache_.name(own, result);
    profiles.push_back(gotool::cover_profile_key(own));
  };
  if (!is_in_place) name(gotool::result_key(log.test_id, found->whole));
  // What it made is there when it is asked for again in this place.
  if (is_in_place || !made.empty()) {
    name(gotool::in_place_key(gotool::result_key(log.test_id, contents->whole), action));
  }
}

std::optional<gotool::EntriesBefore> TestReuse::entries_before(
    const std::string& import_path) const {
  if (go_.entries.empty()) return std::nullopt;
  const sys::Path file = entries_of(import_path);
  const auto info = sys::stat_file(file);
  if (!info || !*info || (*info)->mtime_ns < began_ns_ - k_tick_ns) return std::nullopt;
  const auto bytes = sys::read_file(file, k_entries_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  auto before = gotool::EntriesBefore::decode(**bytes);
  if (!before) return std::nullopt;
  return std::move(*before);
}

// Directories of its package that the test consulted, or that lie in one that it did, and that were
// not there before. One with anything but directories in it is not among them, nor one in which
// something was consulted that is gone: a file may have come from elsewhere, a link may have led
// there, and what the test read by it would be in no fingerprint.
std::set<std::string> TestReuse::directories_made(const gotool::EntriesBefore& before,
                                                  Inputs& inputs) {
  std::set<std::string> paths = inputs.files.directories();
  for (const gotool::TestInput& input : inputs.list) {
    if (input.op != gotool::TestOp::getenv) paths.insert(input.path);
  }
  std::set<std::string> made;
  for (const std::string& path : paths) {
    auto absent = before.absent_part(path, inputs.place.directory.native());
    if (!absent) continue;
    const gotool::Look& look = inputs.files.look(*absent);
    if (look.link_error == 0 && S_ISDIR(look.link.st_mode)) made.insert(std::move(*absent));
  }
  const auto has_lost = [&inputs](const std::string& directory) {
    return std::ranges::any_of(inputs.list, [&](const gotool::TestInput& input) {
      return input.op != gotool::TestOp::getenv && gotool::lies_within(input.path, directory) &&
             inputs.files.look(input.path).link_error != 0;
    });
  };
  std::erase_if(made, [&has_lost](const std::string& path) {
    return !gotool::has_only_held_directories(path) || has_lost(path);
  });
  return made;
}

// Tests make files of their own and remove them. Where it is not known whether one was there
// before, or another directory, nobody knows what the test would say now.
bool TestReuse::may_have_lost(const std::optional<gotool::EntriesBefore>& before,
                              const Inputs& inputs, const std::set<std::string>& made,
                              UnixNanos began_ns) const {
  // Beside the checkout others are at work, and where tests have their temporary files.
  std::vector<std::string> busy = {inputs.place.root.parent_path().native()};
  const sys::Path temporary = go_.env.get_or("TMPDIR", "/tmp");
  if (!gotool::lies_within(temporary, inputs.place.root)) busy.push_back(temporary.native());
  const auto is_made = [&made](const std::string& path) {
    return std::ranges::any_of(
        made, [&path](const std::string& one) { return gotool::lies_within(path, one); });
  };
  auto directories = inputs.files.directories_changed_since(began_ns);
  auto ways = inputs.files.ways_changed_since(began_ns, busy);
  std::erase_if(directories, is_made);
  std::erase_if(ways, is_made);
  if (directories.empty() && ways.empty()) return false;
  sys::log_debug("test in {}: changed meanwhile: {} {}", inputs.place.directory.native(),
                 fmt::join(directories, " "), fmt::join(ways, " "));
  const auto is_other = [&](bool may_gain) {
    return [&before, &made, may_gain](const std::string& path) {
      return !before->has_kept(path, may_gain, made);
    };
  };
  return !before || std::ranges::any_of(directories, is_other(false)) ||
         std::ranges::any_of(ways, is_other(true));
}

sys::Path TestReuse::entries_of(std::string_view import_path) const {
  return entries_file(go_.entries, go_.pid, import_path);
}

gotool::TestWorld TestReuse::world_at(const gotool::PackagePlace& place) const {
  return {go_.env, go_.version, go_.umask, place.directory};
}

gotool::TestWorld TestReuse::content_world_at(const gotool::PackagePlace& place) const {
  return {content_env_, go_.version, go_.umask, place.directory};
}

std::optional<TestReuse::Inputs> TestReuse::inputs_now(ByteView log, std::string_view import_path) {
  if (!modules_) modules_ = gotool::main_modules(go_.env, go_.working_directory);
  auto place = gotool::place_of_package(import_path, *modules_, go_.goroot);
  if (!place) return std::nullopt;
  auto list = gotool::test_inputs(log, *place);
  if (!list) return std::nullopt;
  // The test itself sees the trace.
  const auto reads_godebug = [](const gotool::TestInput& input) {
    return input.op == gotool::TestOp::getenv && input.name == k_godebug;
  };
  if (is_traced_ && std::ranges::any_of(*list, reads_godebug)) return std::nullopt;
  Inputs inputs{std::move(*place), std::move(*list), {}, {}};
  const auto id = gotool::go_test_inputs_id(inputs.list, world_at(inputs.place), inputs.files);
  if (!id) return std::nullopt;
  inputs.id = *id;
  return inputs;
}

// Nothing when something changed while the contents were read.
std::optional<gotool::TestFingerprint> TestReuse::fingerprint_of(
    const ActionId& test_id, Inputs& inputs, const std::set<std::string>& absent) {
  gotool::TestWorld world = content_world_at(inputs.place);
  world.absent = absent;
  auto contents = gotool::fingerprint(inputs.list, world, test_id, inputs.files, digests_);
  if (!contents || !inputs.files.still_holds()) return std::nullopt;
  return contents;
}

}  // namespace sluice::agent
