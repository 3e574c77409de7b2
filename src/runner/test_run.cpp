#include "runner/test_run.hpp"

#include "agent/recorder.hpp"
#include "agent/tool_record.hpp"
#include "base/deadline.hpp"
#include "base/strings.hpp"
#include "gotool/go_version.hpp"
#include "gotool/test_packages.hpp"
#include "runner/attempts.hpp"
#include "runner/class_needs.hpp"
#include "runner/class_run.hpp"
#include "runner/cover_profile.hpp"
#include "runner/go_rules.hpp"
#include "runner/load_meter.hpp"
#include "runner/package_command.hpp"
#include "runner/package_report.hpp"
#include "runner/planner.hpp"
#include "runner/progress.hpp"
#include "runner/reproduction.hpp"
#include "runner/result_cache.hpp"
#include "runner/retries.hpp"
#include "runner/run_package.hpp"
#include "runner/run_rows.hpp"
#include "runner/run_screen.hpp"
#include "runner/run_summary.hpp"
#include "runner/schedule_log.hpp"
#include "runner/slots.hpp"
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
constexpr int k_exit_invalid = 2;
constexpr std::uint64_t k_profile_bytes_max = 256U << 20U;

class TestRun final : public BuildListener {
 public:
  TestRun(TestRunSettings settings, sys::Loop loop, sys::TempDirectory programs)
      : settings_(std::move(settings)),
        loop_(std::move(loop)),
        programs_(std::move(programs)),
        goroot_(settings_.config.goroot),
        words_(words_that_cost(settings_.words)),
        screen_(settings_.display, [this] { nobody_reads(); }),
        planner_(capacity_of(cgroups_, settings_.words, settings_.rules),
                 std::move(settings_.strategy)),
        slots_(Slots::of_user()),
        reports_(settings_.report),
        attempts_(loop_,
                  {[this](TaskNumber number) -> Package& { return packages_[numbers_[number]]; },
                   [this](Package& package) { return command_of(package); },
                   [this](const std::string& line) { screen_.tell(line); },
                   [this](const Retries::Verdict& verdict) { decided(verdict); },
                   [this] { attempt_next(); }, settings_.explains}),
        form_(form_of(settings_.words, gotool::minor_of(settings_.config.go_version),
                      settings_.reads_tests)),
        plan_(std::make_shared<const TestPlan>(settings_.rules)),
        classes_(settings_.rules, {settings_.rules_directory, programs_.path(), settings_.env},
                 loop_,
                 {[this](const std::string& line) { screen_.tell(line); }, [this] { offer(); }}),
        build_(settings_, loop_, *this),
        recorder_(settings_.config) {
    is_vet_off_ = vet_of(settings_.words) == "off";
    if (::isatty(STDIN_FILENO) == 1) stop_signal_.emplace();
  }

  ~TestRun() override {
    if (historian_.joinable()) historian_.join();
  }
  TestRun(const TestRun&) = delete;
  TestRun& operator=(const TestRun&) = delete;

  Result<int> run() {
    if (settings_.retries.value_or(0) > 0 && stops_at_failure(settings_.words)) {
      tell("--retries: nothing is run again with -failfast");
    }
    TRY(build_.start());
    if (!build_.note().empty()) tell(build_.note());
    if (build_.is_idle()) {
      tell(build_.why_idle());
      const auto left = reports_.write_nothing(profile_file(), settings_.config.go_version);
      if (!left) tell(left.error().message);
      return left ? 0 : k_exit_failure;
    }
    read_history();
    go_pid_ = build_.pid();
    forwarder_.set_child(go_pid_);
    meter_.other_started(go_pid_, now_s());
    tick();
    while (!is_over()) TRY(loop_.run_once());
    keeper_.finish();
    build_.close();
    if (const sys::Path file = profile_file(); !file.empty()) {
      const auto added = append_profiles(file, profiles_of(packages_));
      if (!added) tell(added.error().message);
    }
    if (!plan_error_.empty()) {
      tell(plan_error_);
      return k_exit_invalid;
    }
    const int status = go_status_ != 0 ? go_status_ : has_failed_ ? k_exit_failure : 0;
    if (status != 0 && !form_.is_json) screen_.show("FAIL\n");
    const std::string summary = sum_up().text(now_s());
    recorder_.flush();
    if (settings_.says_summary && !summary.empty()) tell(summary);
    for (const std::string& line : reports_.last_words()) tell(line);
    for (const std::string& line : reports_.slowest()) tell(line);
    const auto written = reports_.write(now_s(), settings_.config.go_version);
    if (!written) tell(written.error().message);
    return status == 0 && !written ? k_exit_failure : status;
  }

 private:
  void listed(const std::vector<gotool::TestPackage>& packages,
              const Result<std::shared_ptr<const TestPlan>>& plan) override;
  void known(const std::string& package, const std::string& action,
             const ResultCache::Result& result) override;
  void linked(const std::string& package, const std::string& action,
              const sys::Path& program) override;
  void vetted(const std::string& id, bool passed) override;
  void found_vetted(const std::string& package) override;
  void cleared(const std::string& package, std::string_view gos_word) override;
  void refused(const std::string& package) override;
  void says(std::string_view text) override { screen_.show_of(nullptr, text); }
  void says_on_stderr(std::string_view text) override { screen_.say_on_stderr(text); }
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
  void decided(const Retries::Verdict& verdict);
  void over(Package& package);
  void count_over(Package& package);
  void not_run(TaskNumber number, const std::string& why);
  TestCommand command_of(Package& package);
  PackageWords words_of_package(const Package& package) const;
  PackageReport& begin_report(Package& package);
  void release_where_possible(Package& package);
  void add_tasks();
  void offer();
  void add_task(TaskNumber number, Task task);
  void record_tests(const Package& package);
  void keep_result(const Package& package);
  void keep_vetted(Package& package);
  sys::Path profile_file() const {  // of coverage; empty: there is none
    const gotool::TestWords& words = settings_.words;
    if (words.cover_profile.empty()) return {};
    return sys::Path(words.change_directory) / words.cover_profile;
  }
  void interrupt(int signal);
  void stop_here();
  void tell_tests(int signal);
  bool is_over();
  bool starts_nothing() const {
    return is_interrupted_ || (settings_.words.is_failfast && has_failed_);
  }
  double now_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  void tell(const std::string& line) { screen_.tell(line); }
  void nobody_reads();
  Progress progress() const;
  RunSummary sum_up();
  std::string row_words(const std::string& package) const {
    return words_for_rows(words_, plan_->of(package));
  }
  void note(journal::Scheduled scheduled);
  void report(const Package& package, double elapsed_s, bool has_passed, std::string_view error);

  TestRunSettings settings_;
  sys::Loop loop_;
  sys::TempDirectory programs_;
  sys::Path goroot_;         // of the go that does the work
  const std::string words_;  // that count for what a test takes
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const sys::Cgroups cgroups_;
  sys::SignalForwarder forwarder_;
  std::optional<sys::StopSignal> stop_signal_;  // where there is a terminal to go on from
  RunScreen screen_;
  Planner planner_;
  const Slots slots_;
  LoadMeter meter_;
  Load load_;
  ScheduleLog schedule_;
  RunReport reports_;
  Attempts attempts_;
  std::size_t flaky_ = 0;  // tests
  ReportForm form_;
  bool is_vet_off_ = false;

  std::shared_ptr<const TestPlan> plan_;
  std::string plan_error_;
  ClassRun classes_;
  TestBuild build_;
  pid_t go_pid_ = 0;
  std::thread historian_;
  std::optional<TestHistory> history_;  // nothing: it is still being read
  agent::Recorder recorder_;
  TaskQueue keeper_;  // keeps results behind the run
  int go_status_ = 0;

  std::vector<std::pair<std::string, std::string>> unlisted_;  // what go says before the list
  Packages packages_;
  std::vector<std::string> numbers_;  // packages by their task
  std::vector<TaskNumber> held_;      // tasks that the planner has not been given
  std::size_t unfinished_ = 0;        // that have come and are not over
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
    if (!package.has_come) count_over(package);
  }
  offer();
  decide();
}

void TestRun::listed(const std::vector<gotool::TestPackage>& packages,
                     const Result<std::shared_ptr<const TestPlan>>& plan) {
  is_listed_ = true;
  if (plan) plan_ = *plan;
  for (const auto& facts : packages) {
    Package& package = packages_[facts.import_path];
    package.facts = facts;
    if (!facts.has_tests) continue;
    classes_.expect(plan_->of(facts.import_path));
    package.is_counted = true;
    if (package.is_over || package.is_refused) count_over(package);
  }
  if (!plan) {
    plan_error_ = plan.error().message;
    if (!build_.is_over()) build_.signal(SIGTERM);
    interrupt(SIGTERM);
  }
  form_.shows_at_once = form_.is_verbose && !form_.is_json &&
                        (packages.size() == 1 || packages_at_once(settings_.words) == 1);
  const std::string unordered = order_lost(*plan_, settings_.rules);
  if (plan && settings_.says_summary && !unordered.empty()) tell(unordered);
  for (const auto& [package, text] : std::exchange(unlisted_, {})) cleared(package, text);
  add_tasks();
}

// Tasks wait for what is known of packages: the list, and what they took before.
void TestRun::add_tasks() {
  if (!is_listed_ || !history_) return;
  offer();
  decide();
}

// To the planner what its classes let through.
void TestRun::offer() {
  if (!is_listed_ || !history_) return;
  for (std::size_t before = 0; before != held_.size();) {  // one that is over may let others go
    before = held_.size();
    for (const TaskNumber number : std::exchange(held_, {})) {
      const auto answer =
          starts_nothing() ? ClassGate::Answer() : classes_.ask(plan_->of(numbers_[number]));
      using Word = ClassGate::Answer::Word;
      switch (answer.word) {
        case Word::yes: add_task(number, task_of(numbers_[number])); break;
        case Word::wait: held_.push_back(number); break;
        case Word::never: not_run(number, answer.why); break;
        case Word::failed: fail_to_start(number, answer.why); break;
      }
    }
  }
}

void TestRun::not_run(TaskNumber number, const std::string& why) {
  Package& package = packages_[numbers_[number]];
  has_failed_ = true;
  tell(fmt::format("{} is not run: {}", package.facts.import_path, why));
  over(package);
}

void TestRun::add_task(TaskNumber number, Task task) {
  schedule_.came(number, task, now_s());
  planner_.add(number, std::move(task));
}

Task TestRun::task_of(const std::string& package) const {
  Task task;
  task.name = package;
  task.may_run_again = !form_.is_json && !form_.shows_at_once;
  task.needs = needs_of(plan_->of(package), settings_.rules);
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
  ReportForm form = form_;
  const Limits limits = limits_of(words_of_package(package).timeout);
  form.quit_after = limits.quit_after;
  form.wait_delay = limits.wait_delay;
  package.report = std::make_unique<PackageReport>(
      package.facts.import_path, form,
      [this, &package](std::string_view text) { screen_.show_of(&package, text); });
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
  recorder_.add(unrun_row(name, row_words(name), true));
  begin_report(package).known(result.output);
  report(package, 0, true, "");
  over(package);
}

void TestRun::linked(const std::string& name, const std::string& action, const sys::Path& program) {
  if (packages_[name].has_come || packages_[name].is_refused) return;
  Package& package = come(name, action);
  package.program = program;
  package.files.directory = program.parent_path();
  held_.push_back(static_cast<TaskNumber>(numbers_.size()));
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
  if (!package.facts.has_tests) return screen_.show_of(nullptr, gos_word);
  has_failed_ = true;
  package.facts.import_path = name;
  PackageReport& report = begin_report(package);
  constexpr std::string_view k_why = "sluice did not get the program of this test";
  package.has_ended = true;
  report.not_started(k_why);
  this->report(package, 0, false, k_why);
  count_over(package);
}

void TestRun::refused(const std::string& name) {
  Package& package = packages_[name];
  if (!package.is_refused) {
    recorder_.add(unrun_row(name, row_words(name), false));
    reports_.not_run(name, "not built, or vet is against it");
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
  package.slot.reset();
  if (screen_.streaming() == &package) screen_.stream(nullptr);
  count_over(package);
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
  std::vector<std::string> not_run;
  RunSummary summary = summary_of(packages_, not_run);
  summary.flaky = flaky_;
  for (const std::string& path : not_run) {
    reports_.not_run(path, "not run");
    recorder_.add(unrun_row(path, row_words(path), false));
  }
  return summary;
}

void TestRun::count_over(Package& package) {
  if (!std::exchange(package.is_counted, false)) return;
  const bool has_failed = package.is_refused || (!package.has_passed && !package.was_kept);
  classes_.over(plan_->of(package.facts.import_path), has_failed && !is_interrupted_);
}

// Its program is of no more use.
void TestRun::over(Package& package) {
  if (!package.has_come || package.is_over) return;
  package.is_over = true;
  --unfinished_;
  count_over(package);
  if (package.report) release_where_possible(package);
  if (!package.files.directory.empty()) {
    keeper_.add([directory = package.files.directory] { (void)sys::remove_tree(directory); });
  }
}

void TestRun::tick() {
  loop_.after(k_tick, [this] { tick(); });
  if (const int signal = forwarder_.ending_signal(); signal != 0) interrupt(signal);
  if (stop_signal_ && stop_signal_->take()) stop_here();
  screen_.progress([this] { return words_of(progress()); });
  for (const auto& line : slow_ones(packages_, *plan_, settings_.rules, now_s())) tell(line);
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

PackageWords TestRun::words_of_package(const Package& package) const {
  const PackagePlan& plan = plan_->of(package.facts.import_path);
  PackageWords words = words_of(plan, settings_.rules, settings_.words);
  const Variables given = classes_.variables_of(plan);
  words.env.insert(words.env.end(), given.begin(), given.end());
  words.env.insert(words.env.end(), package.slot_env.begin(), package.slot_env.end());
  return words;
}

// With a slot of its own.
TestCommand TestRun::command_of(Package& package) {
  package.slot = slots_.take();
  package.slot_env = variables_of(package.slot, settings_.seed);
  const PackageWords words = words_of_package(package);
  return package_command(
      package.facts, package.program, package.files,
      {words, settings_.env, goroot_, limits_of(words.timeout), settings_.words.is_covered});
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
    if (form_.shows_at_once) screen_.stream(&package);
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
  const auto& path = package.facts.import_path;
  recorder_.add(unrun_row(path, row_words(path), false));
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
  package.slot.reset();
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
  package.slot.reset();
  recorder_.add(package_row(numbers_[number], row_words(numbers_[number]), end,
                            meter_.waited_s(number),
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
  screen_.stream(nullptr);
  offer();
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
  if (!settings_.reads_tests || stops_at_failure(settings_.words)) return false;
  const PackageReport& report = *packages_[numbers_[number]].report;
  attempts_.ran(report.records().top_count());
  if (has_succeeded(end) || is_interrupted_) return false;
  const auto asks_for_subtests = [](const std::string& word) {
    return word.starts_with("-test.run=") && word.find('/') != std::string::npos;
  };
  return attempts_.take(
      {number, &report.records(), end, report.said(),
       settings_.retries.value_or(retries_of(plan_->of(numbers_[number]), settings_.rules)),
       std::ranges::any_of(settings_.words.arguments, asks_for_subtests)});
}

void TestRun::attempt_next() {
  const bool is_calm = build_.is_over() && planner_.waiting() == 0 && planner_.running() == 0;
  if (is_calm) attempts_.next(now_s());
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
      ++flaky_;
      reports_.say_at_end(fmt::format("flaky: {}{}{} failed, and passed when it was run again",
                                      package.facts.import_path, test.empty() ? "" : " ", test));
    }
    report(package, elapsed_s, verdict.has_passed,
           verdict.has_passed ? "" : failure_words(package.first_end.status));
    record_tests(package);
  }
  over(package);
  offer();
}

// Each, where each was told.
void TestRun::record_tests(const Package& package) {
  if (!form_.is_json && !form_.is_read) return;
  const auto& path = package.facts.import_path;
  const TestRecords& records = package.report->records();
  const bool have_all_run = package.has_passed || ended_as_told(package.first_end, records);
  for (auto& row : test_rows(path, row_words(path), records)) {
    // Where some may not have run it is the package that failed.
    if (have_all_run || row.end == journal::RunEnd::passed) recorder_.add(std::move(row));
  }
}

void TestRun::keep_result(const Package& package) {
  auto cache = build_.cache();
  if (!cache || !settings_.words.keeps_results) return;
  keeper_.add([cache = std::move(cache), facts = package.facts, action = package.action,
               log = package.files.log(), words = words_of_package(package),
               result = ResultCache::Result{package.report->kept(), package.profile}] {
    cache->keep(facts, action, words, log, result);
  });
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
  attempts_.stop();
  tell_tests(signal);
  loop_.after(k_interrupt_max, [this] { tell_tests(SIGKILL); });
  offer();
  decide();
}

void TestRun::tell_tests(int signal) {
  signal_all(packages_, signal);
  classes_.signal(signal);
}

// As go test: its tests' own clocks go on.
void TestRun::stop_here() {
  screen_.wipe();
  tell_tests(SIGSTOP);
  sys::StopSignal::stop_here();
  tell_tests(SIGCONT);
}

bool TestRun::is_over() {
  const bool is_done =
      build_.is_over() && is_listed_ && history_ && unfinished_ == 0 && planner_.running() == 0;
  if (is_done) classes_.close();
  return is_done && classes_.is_over();
}

// `error`: why it failed, where no test of it says so.
void TestRun::report(const Package& package, double elapsed_s, bool has_passed,
                     std::string_view error) {
  for (const std::string& line :
       reports_.ended({package.facts.import_path, package.facts.directory,
                       package.report->records(), elapsed_s, has_passed, error})) {
    screen_.tell_raw(line);
  }
  if (has_passed || is_interrupted_ || !settings_.says_summary || !package.has_run()) return;
  const PackageWords told = words_of_package(package);
  reports_.say_again(
      reproduction_of({package.facts.import_path, settings_.words, told, package.report->records(),
                       package.report->said(), settings_.seed,
                       gomaxprocs_of(settings_.env, planner_.capacity().cores)}));
}

void TestRun::note(journal::Scheduled scheduled) {
  if (settings_.explains) tell(words_of(scheduled));
  sys::log_debug("tests: {}", words_of(scheduled));
  recorder_.add(std::move(scheduled));
}

Progress TestRun::progress() const {
  const double cores = planner_.capacity().cores;
  Progress progress = progress_of(packages_, history_, cores, now_s());
  progress.waiting = planner_.waiting() + held_.size();
  progress.is_building = !build_.is_over();
  for (const TaskLoad& one : load_.running) progress.cores_used += one.cores;
  return progress;
}

void TestRun::nobody_reads() {
  if (!build_.is_over() && !is_interrupted_) build_.signal(SIGTERM);
  interrupt(SIGTERM);
}

}  // namespace

Result<int> run_tests(TestRunSettings settings) {
  TRY_ASSIGN(sys::Loop loop, sys::Loop::create());
  // Programs that ask whether go runs them look for such a directory.
  TRY_ASSIGN(sys::TempDirectory programs, sys::TempDirectory::create("go-build-"));
  settings.programs = programs.path();
  settings.hears_stderr = static_cast<bool>(settings.display.wipe);
  return TestRun(std::move(settings), std::move(loop), std::move(programs)).run();
}

}  // namespace sluice::runner
