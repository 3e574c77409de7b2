#include "runner/test_run.hpp"

#include "agent/recorder.hpp"
#include "agent/tool_record.hpp"
#include "base/deadline.hpp"
#include "base/rfc3339.hpp"
#include "base/strings.hpp"
#include "gotool/go_version.hpp"
#include "gotool/test_packages.hpp"
#include "runner/cover_profile.hpp"
#include "runner/go_rules.hpp"
#include "runner/load_meter.hpp"
#include "runner/package_command.hpp"
#include "runner/package_report.hpp"
#include "runner/planner.hpp"
#include "runner/progress.hpp"
#include "runner/result_cache.hpp"
#include "runner/retries.hpp"
#include "runner/run_package.hpp"
#include "runner/run_rows.hpp"
#include "runner/run_summary.hpp"
#include "runner/schedule_log.hpp"
#include "runner/task_queue.hpp"
#include "runner/test_build.hpp"
#include "runner/test_history.hpp"
#include "runner/test_process.hpp"
#include "sys/log.hpp"
#include "sys/loop.hpp"
#include "sys/process.hpp"
#include "sys/stop_signal.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

namespace sluice::runner {
namespace {

using std::chrono::milliseconds;

constexpr auto k_tick = milliseconds(100);
constexpr auto k_history_wait = milliseconds(1000);
constexpr auto k_interrupt_max = milliseconds(5000);  // for tests to end by themselves
constexpr std::uint64_t k_memory_unknown = 150ULL << 20U;
constexpr int k_exit_failure = 1;
constexpr std::uint64_t k_profile_bytes_max = 256U << 20U;

Capacity capacity_of(const sys::Cgroups& cgroups, const gotool::TestWords& words) {
  Capacity capacity = machine_capacity(cgroups);
  capacity.tasks_max = packages_at_once(words);
  return capacity;
}

class TestRun final : public BuildListener {
 public:
  TestRun(TestRunSettings settings, sys::Loop loop, sys::TempDirectory programs)
      : settings_(std::move(settings)),
        loop_(std::move(loop)),
        programs_(std::move(programs)),
        limits_(limits_of(settings_.words.timeout)),
        goroot_(settings_.config.goroot),
        words_(words_that_cost(settings_.words)),
        planner_(capacity_of(cgroups_, settings_.words), std::move(settings_.strategy)),
        reports_(settings_.report),
        retries_(stops_at_failure(settings_.words) ? 0 : settings_.retries),
        build_settings_{settings_.config,
                        settings_.env,
                        settings_.words,
                        settings_.sluice,
                        settings_.tested,
                        programs_.path(),
                        static_cast<bool>(settings_.display.wipe)},
        build_(build_settings_, loop_, *this),
        recorder_(settings_.config) {
    is_vet_off_ = vet_of(settings_.words) == "off";
    if (::isatty(STDIN_FILENO) == 1) stop_signal_.emplace();
    form_.go_minor = gotool::minor_of(settings_.config.go_version);
    form_.is_json = settings_.words.is_json;
    form_.is_covered = settings_.words.is_covered;
    form_.is_verbose = settings_.words.is_verbose;
    const auto& arguments = settings_.words.arguments;
    form_.is_framed = std::ranges::find(arguments, "-test.v=test2json") != arguments.end();
    form_.is_read = settings_.reads_tests;
    form_.quit_after = limits_.quit_after;
    form_.wait_delay = limits_.wait_delay;
  }

  ~TestRun() override {
    if (historian_.joinable()) historian_.join();
  }
  TestRun(const TestRun&) = delete;
  TestRun& operator=(const TestRun&) = delete;

  Result<int> run() {
    if (settings_.retries > 0 && stops_at_failure(settings_.words)) {
      tell("--retries: nothing is run again with -failfast");
    }
    read_history();
    TRY(build_.start());
    go_pid_ = build_.pid();
    forwarder_.set_child(go_pid_);
    meter_.other_started(go_pid_, now_s());
    tick();
    while (!is_over()) TRY(loop_.run_once());
    keeper_.finish();
    recorder_.flush();
    build_.close();
    if (!settings_.words.cover_profile.empty()) write_profile();
    const int status = go_status_ != 0 ? go_status_ : has_failed_ ? k_exit_failure : 0;
    if (status != 0 && !form_.is_json) show("FAIL\n");
    const std::string summary = sum_up().text(now_s());
    if (settings_.says_summary && !summary.empty()) tell(summary);
    for (const std::string& line : flaky_) tell(line);
    for (const std::string& line : reports_.slowest()) tell(line);
    const auto written = reports_.write(now_s(), settings_.config.go_version);
    if (!written) tell(written.error().message);
    return status == 0 && !written ? k_exit_failure : status;
  }

 private:
  void listed(const std::vector<gotool::TestPackage>& packages) override;
  void known(const std::string& package, const std::string& action,
             const ResultCache::Result& result) override;
  void linked(const std::string& package, const std::string& action,
              const sys::Path& program) override;
  void vetted(const std::string& id, bool passed) override;
  void found_vetted(const std::string& package) override;
  void cleared(const std::string& package, std::string_view gos_word) override;
  void refused(const std::string& package) override;
  void says(std::string_view text) override { show_of(nullptr, text); }
  void says_on_stderr(std::string_view text) override;
  void go_is(const sys::Path& goroot, int go_minor) override;
  void go_ended(const sys::ExitStatus& status) override;

  void read_history();
  Task task_of(const std::string& package) const;
  Package& come(const std::string& package, const std::string& action);

  void tick();
  void decide();
  void start(TaskNumber number);
  void fail_to_start(TaskNumber number, const std::string& why);
  void evict(TaskNumber number);
  void ended(TaskNumber number, const TestEnd& end);
  void ended_for_good(TaskNumber number, const TestEnd& end);
  bool is_retried(TaskNumber number, const TestEnd& end);
  void attempt_next();
  void attempt_ended(TaskNumber number, const TestEnd& end);
  void decided(const Retries::Verdict& verdict);
  void over(Package& package);
  TestCommand command_of(const Package& package) const;
  PackageReport& begin_report(Package& package);
  void release_where_possible(Package& package);
  void add_tasks();
  void add_task(TaskNumber number, Task task);
  void record_tests(const Package& package);
  void keep_result(const Package& package);
  void keep_vetted(Package& package);
  void write_profile();
  void interrupt(int signal);
  void stop_here();
  void tell_tests(int signal);
  bool is_over() const;
  bool starts_nothing() const {
    return is_interrupted_ || (settings_.words.is_failfast && has_failed_);
  }
  double now_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  void show(std::string_view text);                             // on stdout
  void show_of(const Package* package, std::string_view text);  // nullptr: of go
  void stream(const Package* package);
  void tell(const std::string& line) { tell_raw("sluice: " + line); }
  void tell_raw(const std::string& line);  // on stderr
  void show_progress();
  Progress progress() const;
  RunSummary sum_up();
  void note(journal::Scheduled scheduled);
  void report(const Package& package, double elapsed_s, bool has_passed, std::string_view error);

  TestRunSettings settings_;
  sys::Loop loop_;
  sys::TempDirectory programs_;
  const Limits limits_;
  sys::Path goroot_;         // of the go that does the work
  const std::string words_;  // that count for what a test takes
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const sys::Cgroups cgroups_;
  sys::SignalForwarder forwarder_;
  std::optional<sys::StopSignal> stop_signal_;  // where there is a terminal to go on from
  Planner planner_;
  LoadMeter meter_;
  Load load_;
  ScheduleLog schedule_;
  RunReport reports_;
  Retries retries_;
  bool is_attempting_ = false;
  std::vector<std::string> flaky_;  // for people
  ReportForm form_;
  bool is_vet_off_ = false;

  const TestBuildSettings build_settings_;
  TestBuild build_;
  pid_t go_pid_ = 0;
  std::thread historian_;
  std::optional<TestHistory> history_;  // nothing: it is still being read
  agent::Recorder recorder_;
  TaskQueue keeper_;  // keeps results behind the run
  int go_status_ = 0;

  std::vector<std::pair<std::string, std::string>> unlisted_;  // what go says before the list
  std::unordered_map<std::string, Package> packages_;
  std::vector<std::string> numbers_;    // packages by their task
  std::size_t added_ = 0;               // tasks that the planner has been given
  std::size_t unfinished_ = 0;          // that have come and are not over
  const Package* streaming_ = nullptr;  // whose words are shown as they come
  std::string held_back_;               // words of others meanwhile
  bool is_listed_ = false;
  bool has_failed_ = false;
  bool is_interrupted_ = false;
};

void TestRun::go_is(const sys::Path& goroot, int go_minor) {
  goroot_ = goroot;
  if (go_minor != 0) form_.go_minor = go_minor;
}

void TestRun::go_ended(const sys::ExitStatus& status) {
  meter_.other_ended(go_pid_);
  go_status_ = status.shell_code();
  // Of whom go has said nothing it had no time to.
  for (auto& [path, package] : packages_) {
    if (package.is_refused) continue;
    package.is_cleared = true;
    release_where_possible(package);
  }
  decide();
}

void TestRun::listed(const std::vector<gotool::TestPackage>& packages) {
  is_listed_ = true;
  for (const auto& facts : packages) {
    packages_[facts.import_path].facts = facts;
  }
  form_.shows_at_once = form_.is_verbose && !form_.is_json &&
                        (packages.size() == 1 || packages_at_once(settings_.words) == 1);
  for (const auto& [package, text] : std::exchange(unlisted_, {})) cleared(package, text);
  add_tasks();
}

// Tasks wait for what is known of packages: the list, and what they took before.
void TestRun::add_tasks() {
  if (!is_listed_ || !history_) return;
  for (; added_ < numbers_.size(); ++added_) {
    add_task(static_cast<TaskNumber>(added_), task_of(numbers_[added_]));
  }
  decide();
}

void TestRun::add_task(TaskNumber number, Task task) {
  schedule_.came(number, task, now_s());
  planner_.add(number, std::move(task));
}

Task TestRun::task_of(const std::string& package) const {
  Task task;
  task.name = package;
  task.may_run_again = !form_.is_json && !form_.shows_at_once;
  task.cost.memory = k_memory_unknown;
  if (const auto cost = history_->cost_of(package)) {
    task.cost = *cost;
    task.is_known = true;
  }
  return task;
}

// Behind go, which has to read the packages first. Tests wait for it, but not for long.
void TestRun::read_history() {
  const auto set = [this](TestHistory history) {
    if (history_) return;
    history_ = std::move(history);
    add_tasks();
  };
  loop_.after(k_history_wait, [set] { set({}); });
  historian_ = std::thread([this, set] {
    auto history = TestHistory::of_journal(settings_.config.journal_directory, words_,
                                           Deadline::after(k_history_wait));
    loop_.post([set, history = std::move(history)] { set(history); });
  });
}

PackageReport& TestRun::begin_report(Package& package) {
  package.report = std::make_unique<PackageReport>(
      package.facts.import_path, form_,
      [this, &package](std::string_view text) { show_of(&package, text); });
  release_where_possible(package);
  return *package.report;
}

// It is linked, or need not be.
Package& TestRun::come(const std::string& name, const std::string& action) {
  Package& package = packages_[name];
  package.facts.import_path = name;
  package.action = action;
  package.has_come = true;
  ++unfinished_;
  return package;
}

void TestRun::known(const std::string& name, const std::string& action,
                    const ResultCache::Result& result) {
  if (packages_[name].has_come || packages_[name].is_refused) return;
  Package& package = come(name, action);
  package.profile = result.profile;
  package.has_ended = true;
  package.was_kept = true;
  begin_report(package).known(result.output);
  report(package, 0, true, "");
  over(package);
}

void TestRun::linked(const std::string& name, const std::string& action, const sys::Path& program) {
  if (packages_[name].has_come || packages_[name].is_refused) return;
  Package& package = come(name, action);
  package.program = program;
  package.files.directory = program.parent_path();
  numbers_.push_back(name);
  add_tasks();
}

void TestRun::vetted(const std::string& id, bool passed) {
  if (!passed) return;  // go says so
  const Vetted vetted = vetted_of(id);
  Package& package = packages_[vetted.package];
  (vetted.is_outside ? package.is_vetted_outside : package.is_vetted_inside) = true;
  release_where_possible(package);
}

// By a go before this one.
void TestRun::found_vetted(const std::string& name) {
  Package& package = packages_[name];
  package.is_vetted_inside = package.is_vetted_outside = package.was_vetted = true;
  release_where_possible(package);
}

void TestRun::cleared(const std::string& name, std::string_view gos_word) {
  Package& package = packages_[name];
  package.is_cleared = true;
  if (package.has_come) return release_where_possible(package);
  if (!is_listed_) {
    unlisted_.emplace_back(name, gos_word);
    return;
  }
  if (!package.facts.has_tests) return show_of(nullptr, gos_word);
  has_failed_ = true;
  package.facts.import_path = name;
  PackageReport& report = begin_report(package);
  constexpr std::string_view k_why = "sluice did not get the program of this test";
  package.has_ended = true;
  report.not_started(k_why);
  this->report(package, 0, false, k_why);
}

void TestRun::refused(const std::string& name) {
  Package& package = packages_[name];
  if (!package.is_refused) {
    reports_.add(
        {name, rfc3339_short(unix_now_ns()), 0, {}, "not built, or vet is against it", ""});
  }
  package.is_refused = true;
  package.report.reset();
  if (package.process) {
    const auto at = std::ranges::find(numbers_, name);
    const auto number = static_cast<TaskNumber>(at - numbers_.begin());
    package.process.reset();
    meter_.ended(number);
    planner_.ended(number);
  }
  if (streaming_ == &package) stream(nullptr);
  over(package);
}

// What go may still refuse is not told.
void TestRun::release_where_possible(Package& package) {
  if (!package.report) return;
  const bool is_inside_right = !package.facts.is_vetted_inside || package.is_vetted_inside;
  const bool is_outside_right = !package.facts.is_vetted_outside || package.is_vetted_outside;
  const bool is_vetted = is_listed_ && (is_vet_off_ || (is_inside_right && is_outside_right));
  if (!package.is_cleared && !is_vetted) return;
  if (!package.was_vetted && !is_vet_off_ && !package.action.empty()) keep_vetted(package);
  package.report->release();
  if (package.report->is_over()) package.report.reset();
}

// Also tells JUnit of what did not run.
RunSummary TestRun::sum_up() {
  RunSummary summary;
  summary.flaky = flaky_.size();
  for (const auto& [path, package] : packages_) {
    if (package.is_refused) {
      ++summary.not_built;
    } else if (package.was_kept) {
      ++summary.kept;
    } else if (package.has_ended) {
      summary.ran(path, package.has_passed, package.first_end.elapsed_s);
    } else if (package.facts.has_tests) {
      ++summary.not_run;
      reports_.add({path, rfc3339_short(unix_now_ns()), 0, {}, "not run", ""});
    } else {
      ++summary.without_tests;
    }
  }
  return summary;
}

// Its program is of no more use.
void TestRun::over(Package& package) {
  if (!package.has_come || package.is_over) return;
  package.is_over = true;
  --unfinished_;
  if (package.report) release_where_possible(package);
  if (!package.files.directory.empty()) {
    keeper_.add([directory = package.files.directory] { (void)sys::remove_tree(directory); });
  }
}

void TestRun::tick() {
  loop_.after(k_tick, [this] { tick(); });
  if (const int signal = forwarder_.ending_signal(); signal != 0) interrupt(signal);
  if (stop_signal_ && stop_signal_->take()) stop_here();
  show_progress();
  attempt_next();
  if (planner_.waiting() == 0 && planner_.running() == 0) return;
  load_ = meter_.load(read_machine(cgroups_, now_s(), meter_.roots()));
  decide();
}

void TestRun::decide() {
  if (!is_listed_) return;
  for (;;) {
    load_.now_s = now_s();
    const Decision decision = planner_.decide(load_);
    schedule_.decided(decision);
    for (const TaskNumber number : decision.evictions) evict(number);
    for (const TaskNumber number : decision.starts) start(number);
    if (!starts_nothing() || planner_.waiting() == 0 || decision.starts.empty()) return;
  }
}

TestCommand TestRun::command_of(const Package& package) const {
  return package_command(package.facts, package.program, package.files,
                         {settings_.words, settings_.env, goroot_, limits_});
}

void TestRun::start(TaskNumber number) {
  Package& package = packages_[numbers_[number]];
  if (package.is_refused || starts_nothing()) {
    planner_.ended(number);
    return over(package);
  }
  if (package.facts.directory.empty()) return fail_to_start(number, "go list does not know it");
  if (settings_.words.keeps_results && !package.facts.root.empty()) {
    agent::record_entries(settings_.config, ::getpid(), package.facts.import_path,
                          {package.facts.directory, package.facts.root});
  }
  if (settings_.words.is_covered) (void)sys::make_directories(package.files.counters());
  PackageReport& report = begin_report(package);
  auto process = TestProcess::start(
      loop_, command_of(package), [&report](std::string_view piece) { report.output(piece); },
      [this, number](const TestEnd& end) { ended(number, end); });
  if (process) {
    package.process = std::move(*process);
    package.started_s = now_s();
    if (form_.shows_at_once) stream(&package);
    meter_.started(number, package.process->pid(), now_s());
    note(schedule_.started(number, now_s()));
    return;
  }
  fail_to_start(number, process.error().message);
}

void TestRun::fail_to_start(TaskNumber number, const std::string& why) {
  Package& package = packages_[numbers_[number]];
  has_failed_ = true;
  if (!package.report) begin_report(package);
  package.has_ended = true;
  package.report->not_started(why);
  report(package, 0, false, why);
  planner_.ended(number);
  over(package);
}

// For want of memory; no failure of its own.
void TestRun::evict(TaskNumber number) {
  Package& package = packages_[numbers_[number]];
  note(schedule_.evicted(number, now_s()));
  package.process.reset();
  package.report.reset();
  meter_.ended(number);
  planner_.ended(number);
  Task task = task_of(package.facts.import_path);
  task.cost.memory *= 2;
  add_task(number, std::move(task));
}

void TestRun::ended(TaskNumber number, const TestEnd& end) {
  Package& package = packages_[numbers_[number]];
  package.process.reset();
  recorder_.add(package_row(numbers_[number], words_, end, meter_.waited_s(number),
                            is_interrupted_      ? journal::RunEnd::stopped
                            : has_succeeded(end) ? journal::RunEnd::passed
                                                 : journal::RunEnd::failed));
  meter_.ended(number);
  planner_.ended(number);
  // Of tests that fail, too.
  if (!settings_.words.cover_profile.empty()) {
    const auto bytes = sys::read_file(package.files.profile(), k_profile_bytes_max);
    if (bytes && *bytes) package.profile = text_of(**bytes);
  }
  if (is_retried(number, end)) {
    package.first_end = end;
    package.report->attempt_failed(end);
  } else {
    ended_for_good(number, end);
  }
  stream(nullptr);
  decide();
  attempt_next();
}

void TestRun::ended_for_good(TaskNumber number, const TestEnd& end) {
  Package& package = packages_[numbers_[number]];
  const bool has_passed = package.report->ended(end);
  package.has_ended = true;
  package.has_passed = has_passed;
  package.first_end = end;
  report(package, end.elapsed_s, has_passed, has_passed ? "" : failure_words(end.status));
  if (!is_interrupted_) record_tests(package);
  if (has_passed)
    keep_result(package);
  else
    has_failed_ = true;
  over(package);
}

bool TestRun::is_retried(TaskNumber number, const TestEnd& end) {
  if (settings_.retries == 0) return false;
  const PackageReport& report = *packages_[numbers_[number]].report;
  retries_.ran(report.records().top_count());
  if (has_succeeded(end) || is_interrupted_) return false;
  const auto asks_for_subtests = [](const std::string& word) {
    return word.starts_with("-test.run=") && word.find('/') != std::string::npos;
  };
  return retries_.take({number, &report.records(), end, report.said(),
                        std::ranges::any_of(settings_.words.arguments, asks_for_subtests)});
}

// When all else has ended: nothing shall fail because the machine is full.
void TestRun::attempt_next() {
  const bool is_calm = build_.is_over() && planner_.waiting() == 0 && planner_.running() == 0;
  if (!is_calm || is_attempting_ || !retries_.is_waiting()) return;
  const std::string why_none = retries_.why_none();
  if (!why_none.empty() || is_interrupted_) {
    if (!why_none.empty()) tell(why_none);
    while (retries_.is_waiting()) decided(retries_.give_up());
    return;
  }
  const Retries::Attempt attempt = retries_.next();
  Package& package = packages_[numbers_[attempt.number]];
  if (!package.report) return decided(retries_.give_up());  // go is against it
  TestCommand command = command_of(package);
  command.arguments = attempt_arguments(command.arguments, attempt.test);
  auto process = TestProcess::start(
      loop_, command,
      [report = package.report.get()](std::string_view piece) { report->output(piece); },
      [this, number = attempt.number](const TestEnd& end) { attempt_ended(number, end); });
  if (!process) {
    tell(process.error().message);
    return decided(retries_.give_up());
  }
  if (settings_.explains) {
    tell(fmt::format("{:.2f} s: attempt {} of {}: {} {}", now_s(), attempt.at, attempt.last,
                     package.facts.import_path, attempt.test));
  }
  is_attempting_ = true;
  package.process = std::move(*process);
  package.started_s = now_s();
}

void TestRun::attempt_ended(TaskNumber number, const TestEnd& end) {
  Package& package = packages_[numbers_[number]];
  package.process.reset();
  is_attempting_ = false;
  const std::string test = retries_.next().test;
  const TestRecord* record = package.report->records().find(test);
  const bool is_passed = record != nullptr && record->outcome == TestOutcome::passed;
  const bool has_passed = has_succeeded(end) && (test.empty() || is_passed);
  const bool is_hopeless = is_interrupted_ || has_data_race(package.report->said_last());
  if (!has_passed) package.report->attempt_failed(end);
  const auto verdict = is_hopeless ? std::optional(retries_.give_up()) : retries_.ended(has_passed);
  if (verdict) decided(*verdict);
  attempt_next();
}

void TestRun::decided(const Retries::Verdict& verdict) {
  Package& package = packages_[numbers_[verdict.number]];
  const double elapsed_s = package.first_end.elapsed_s;
  if (!verdict.has_passed) has_failed_ = true;
  if (package.report) {
    const auto flaky = flaky_of(package.report->records(), verdict);
    package.report->decided(package.first_end, verdict.has_passed, flaky);
    package.has_ended = true;
    package.has_passed = verdict.has_passed;
    for (const std::string& test : flaky) {
      flaky_.push_back(fmt::format("flaky: {}{}{} failed, and passed when it was run again",
                                   package.facts.import_path, test.empty() ? "" : " ", test));
    }
    report(package, elapsed_s, verdict.has_passed,
           verdict.has_passed ? "" : failure_words(package.first_end.status));
    record_tests(package);
  }
  over(package);
}

// Each, where each was told.
void TestRun::record_tests(const Package& package) {
  if (!form_.is_json && !form_.is_read) return;
  for (auto& row : test_rows(package.facts.import_path, words_, package.report->records())) {
    recorder_.add(std::move(row));
  }
}

void TestRun::keep_result(const Package& package) {
  auto cache = build_.cache();
  if (!cache || !settings_.words.keeps_results) return;
  keeper_.add([cache = std::move(cache), facts = package.facts, action = package.action,
               log = package.files.log(),
               result = ResultCache::Result{package.report->kept(), package.profile}] {
    cache->keep(facts, action, log, result);
  });
}

void TestRun::write_profile() {
  std::map<std::string, std::string> profiles;  // one order, whatever came first
  for (const auto& [name, package] : packages_) {
    if (package.profile && !package.is_refused) profiles.emplace(name, *package.profile);
  }
  const gotool::TestWords& words = settings_.words;
  const auto added =
      append_profiles(sys::Path(words.change_directory) / words.cover_profile, profiles);
  if (!added) tell(added.error().message);
}

void TestRun::keep_vetted(Package& package) {
  package.was_vetted = true;
  auto cache = build_.cache();
  if (!cache || go_status_ != 0) return;
  keeper_.add([cache = std::move(cache), facts = package.facts, action = package.action] {
    cache->keep_vetted(facts, action);
  });
}

// Tests are in process groups of their own, which a terminal's signals do not reach.
void TestRun::interrupt(int signal) {
  if (is_interrupted_) return;
  is_interrupted_ = true;
  has_failed_ = true;
  tell_tests(signal);
  loop_.after(k_interrupt_max, [this] { tell_tests(SIGKILL); });
  decide();
}

void TestRun::tell_tests(int signal) {
  for (auto& [path, package] : packages_) {
    if (package.process) package.process->signal_all(signal);
  }
}

// As go test: its tests' own clocks go on.
void TestRun::stop_here() {
  if (settings_.display.wipe) settings_.display.wipe();
  tell_tests(SIGSTOP);
  sys::StopSignal::stop_here();
  tell_tests(SIGCONT);
}

bool TestRun::is_over() const {
  return build_.is_over() && is_listed_ && history_ && unfinished_ == 0 && planner_.running() == 0;
}

// `error`: why it failed, where no test of it says so.
void TestRun::report(const Package& package, double elapsed_s, bool has_passed,
                     std::string_view error) {
  const TestRecords& records = package.report->records();
  const auto& path = package.facts.import_path;
  if (!has_passed) {
    for (const std::string& line :
         reports_.annotations(path, package.facts.directory, records.last_failures())) {
      tell_raw(line);
    }
  }
  const bool is_told = has_passed || std::ranges::any_of(records.tests(), &TestRecord::has_failed);
  auto tests = records.tests();
  for (TestRecord& test : tests) {  // at most so long
    if (test.outcome == TestOutcome::unfinished) test.elapsed_s = elapsed_s;
  }
  reports_.add({path, rfc3339_short(unix_now_ns()), elapsed_s, std::move(tests),
                is_told ? "" : std::string(error), records.said()});
}

// While a package tells as it goes nobody comes in between.
void TestRun::show_of(const Package* package, std::string_view text) {
  if (streaming_ == nullptr || streaming_ == package) return show(text);
  held_back_ += text;
}

void TestRun::stream(const Package* package) {
  streaming_ = package;
  if (streaming_ == nullptr && !held_back_.empty()) show(std::exchange(held_back_, {}));
}

void TestRun::note(journal::Scheduled scheduled) {
  if (settings_.explains) tell(words_of(scheduled));
  sys::log_debug("tests: {}", words_of(scheduled));
  recorder_.add(std::move(scheduled));
}

void TestRun::tell_raw(const std::string& line) {
  if (settings_.display.wipe) settings_.display.wipe();
  (void)sys::write_all(STDERR_FILENO, bytes_of(line + "\n"));
}

void TestRun::says_on_stderr(std::string_view text) {
  if (settings_.display.wipe) settings_.display.wipe();
  (void)sys::write_all(STDERR_FILENO, bytes_of(text));
}

void TestRun::show_progress() {
  if (!settings_.display.show) return;
  settings_.display.show([this] { return words_of(progress()); });
}

Progress TestRun::progress() const {
  Progress progress;
  std::vector<Remaining> remaining;
  bool is_known = history_.has_value();
  for (const auto& [path, package] : packages_) {
    if (!package.facts.has_tests || package.is_refused) continue;
    ++progress.all;
    if (package.is_over) {
      ++progress.done;
      continue;
    }
    const double age_s = package.process ? now_s() - package.started_s : 0;
    if (package.process) progress.running.push_back({path, age_s});
    const auto cost = history_ ? history_->cost_of(path) : std::nullopt;
    is_known = is_known && cost;
    if (cost) remaining.push_back({std::max(0.0, cost->duration_s - age_s), cost->cores});
  }
  progress.waiting = planner_.waiting();
  progress.is_building = !build_.is_over();
  if (is_known && progress.all > 0) {
    progress.left_s = time_left_s(remaining, planner_.capacity().cores);
  }
  for (const TaskLoad& one : load_.running) progress.cores_used += one.cores;
  progress.cores = planner_.capacity().cores;
  return progress;
}

void TestRun::show(std::string_view text) {
  if (settings_.display.wipe) settings_.display.wipe();
  if (sys::write_all(STDOUT_FILENO, bytes_of(text))) return;
  if (!build_.is_over() && !is_interrupted_) build_.signal(SIGTERM);
  interrupt(SIGTERM);  // nobody reads any more
}

}  // namespace

Result<int> run_tests(TestRunSettings settings) {
  TRY_ASSIGN(sys::Loop loop, sys::Loop::create());
  // Programs that ask whether go runs them look for such a directory.
  TRY_ASSIGN(sys::TempDirectory programs, sys::TempDirectory::create("go-build-"));
  return TestRun(std::move(settings), std::move(loop), std::move(programs)).run();
}

}  // namespace sluice::runner
