#include "runner/test_run.hpp"

#include "agent/cache_client.hpp"
#include "agent/recorder.hpp"
#include "agent/test_door.hpp"
#include "agent/tool_record.hpp"
#include "base/strings.hpp"
#include "gotool/go_version.hpp"
#include "gotool/test_packages.hpp"
#include "gotool/toolchain.hpp"
#include "journal/database.hpp"
#include "journal/queries.hpp"
#include "runner/cover_profile.hpp"
#include "runner/go_output.hpp"
#include "runner/go_rules.hpp"
#include "runner/load_meter.hpp"
#include "runner/package_report.hpp"
#include "runner/planner.hpp"
#include "runner/result_cache.hpp"
#include "runner/run_facts.hpp"
#include "runner/task_queue.hpp"
#include "runner/test_history.hpp"
#include "runner/test_process.hpp"
#include "sys/log.hpp"
#include "sys/loop.hpp"
#include "sys/process.hpp"

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
using std::chrono::nanoseconds;

constexpr auto k_tick = milliseconds(100);
constexpr auto k_list_max = std::chrono::minutes(10);
constexpr std::size_t k_list_bytes_max = 256U << 20U;
constexpr auto k_history_wait = milliseconds(1000);
constexpr auto k_interrupt_max = milliseconds(5000);  // for tests to end by themselves
constexpr std::uint64_t k_memory_unknown = 150ULL << 20U;
constexpr int k_exit_failure = 1;
constexpr std::uint64_t k_profile_bytes_max = 256U << 20U;

milliseconds ceil_ms(nanoseconds span) { return std::chrono::ceil<milliseconds>(span); }

Capacity capacity_of(const sys::Cgroups& cgroups, const gotool::TestWords& words) {
  Capacity capacity = machine_capacity(cgroups);
  capacity.tasks_max = packages_at_once(words);
  return capacity;
}

// A package whose tests can be run, or need not be.
struct Package {
  gotool::TestPackage facts;
  std::string action;   // the first part of its program's build ID
  sys::Path directory;  // its program's own
  sys::Path program;
  std::unique_ptr<PackageReport> report;
  std::unique_ptr<TestProcess> process;
  std::optional<std::string> profile;  // of coverage
  bool has_come = false;
  bool is_over = false;
  bool is_refused = false;  // by go, which says why
  bool is_cleared = false;  // by go: neither build nor vet is against it
  bool is_vetted_inside = false;
  bool is_vetted_outside = false;
  bool was_vetted = false;  // that is kept
};

class TestRun {
 public:
  TestRun(TestRunSettings settings, sys::Loop loop, sys::TempDirectory programs)
      : settings_(std::move(settings)),
        loop_(std::move(loop)),
        programs_(std::move(programs)),
        limits_(limits_of(settings_.words.timeout)),
        goroot_(settings_.config.goroot),
        words_(words_that_cost(settings_.words)),
        planner_(capacity_of(cgroups_, settings_.words), std::move(settings_.strategy)),
        recorder_(settings_.config) {
    is_vet_off_ = vet_of(settings_.words) == "off";
    form_.go_minor = gotool::minor_of(settings_.config.go_version);
    form_.is_json = settings_.words.is_json;
    form_.is_covered = settings_.words.is_covered;
    form_.is_verbose = settings_.words.is_verbose;
    const auto& arguments = settings_.words.arguments;
    form_.is_framed = std::ranges::find(arguments, "-test.v=test2json") != arguments.end();
    form_.quit_after = limits_.quit_after;
    form_.wait_delay = limits_.wait_delay;
  }

  ~TestRun() {
    if (lister_.joinable()) lister_.join();
    if (historian_.joinable()) historian_.join();
  }
  TestRun(const TestRun&) = delete;
  TestRun& operator=(const TestRun&) = delete;

  Result<int> run() {
    TRY(open_door());
    list();
    read_history();
    TRY(start_go());
    tick();
    while (!is_over()) TRY(loop_.run_once());
    keeper_.finish();
    recorder_.flush();
    door_.reset();
    if (client_) client_->close();
    if (!settings_.words.cover_profile.empty()) write_profile();
    const int status = go_status_ != 0 ? go_status_ : has_failed_ ? k_exit_failure : 0;
    if (status != 0 && !form_.is_json) show("FAIL\n");
    return status;
  }

 private:
  sys::Path door_path() const {
    return settings_.config.runtime_directory / fmt::format("door-{}.sock", ::getpid());
  }
  Result<void> open_door();
  void list();
  Result<void> start_go();
  void go_is(const sys::Environment& env, const sys::Path& directory);
  void go_ended(const sys::ExitStatus& status);

  void read_history();
  Task task_of(const std::string& package) const;
  void listed(const std::vector<gotool::TestPackage>& packages);
  Package& come(const std::string& package, const std::string& action);
  void known(const std::string& package, const std::string& action,
             const ResultCache::Result& result);
  void linked(const std::string& package, const std::string& action, const sys::Path& program);
  void vetted(const std::string& id, bool passed);
  void found_vetted(const std::string& package);
  void cleared(const std::string& package, std::string_view gos_word);
  void refused(const std::string& package);

  void tick();
  void decide();
  void start(TaskNumber number);
  void fail_to_start(TaskNumber number, const std::string& why);
  void evict(TaskNumber number);
  void ended(TaskNumber number, const TestEnd& end);
  void over(Package& package);
  TestCommand command_of(const Package& package) const;
  static sys::Path profile_of(const Package& package) { return package.directory / "cover.out"; }
  PackageReport& begin_report(Package& package);
  void release_where_possible(Package& package);
  void add_tasks();
  void record(TaskNumber number, const TestEnd& end, journal::RunEnd how);
  void keep_result(const Package& package);
  void keep_vetted(Package& package);
  void write_profile() const;
  void interrupt(int signal);
  bool is_over() const;
  bool starts_nothing() const {
    return is_interrupted_ || (settings_.words.is_failfast && has_failed_);
  }
  double now_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  void show(std::string_view text);

  TestRunSettings settings_;
  sys::Loop loop_;
  sys::TempDirectory programs_;
  const Limits limits_;
  sys::Path goroot_;         // of the go that does the work
  const std::string words_;  // that count for what a test takes
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const sys::Cgroups cgroups_;
  sys::SignalForwarder forwarder_;
  Planner planner_;
  LoadMeter meter_;
  Load load_;
  ReportForm form_;
  bool is_vet_off_ = false;

  RunFacts facts_;
  std::unique_ptr<agent::CacheClient> client_;  // set by go_is(), on a thread of the door
  std::unique_ptr<agent::TestDoor> door_;
  std::thread lister_;
  std::thread historian_;
  std::optional<TestHistory> history_;  // nothing: it is still being read
  agent::Recorder recorder_;
  TaskQueue keeper_;  // keeps results behind the run
  std::unique_ptr<GoOutput> go_output_;
  std::unique_ptr<TestProcess> go_;
  int go_status_ = 0;

  std::vector<std::pair<std::string, std::string>> unlisted_;  // what go says before the list
  std::unordered_map<std::string, Package> packages_;
  std::vector<std::string> numbers_;  // packages by their task
  std::size_t added_ = 0;             // tasks that the planner has been given
  std::size_t unfinished_ = 0;        // that have come and are not over
  bool is_listed_ = false;
  bool has_failed_ = false;
  bool is_interrupted_ = false;
};

Result<void> TestRun::open_door() {
  const agent::AgentConfig& config = settings_.config;
  if (!sys::make_private_directory(config.runtime_directory)) {
    return fail(Code::denied, config.runtime_directory.native() + ": not a directory of this user");
  }
  agent::TestDoor::Handlers handlers;
  handlers.go = [this](const auto& env, const auto& directory) { go_is(env, directory); };
  handlers.is_known = [this](const std::string& package, const std::string& action) {
    if (facts_.is_vetted(package, action)) {
      loop_.post([this, package] { found_vetted(package); });
    }
    auto result = facts_.known_result(package, action);
    if (!result) return false;
    loop_.post([=, this, result = std::move(*result)] { known(package, action, result); });
    return true;
  };
  handlers.linked = [this](const auto& package, const auto& action, const auto& program) {
    loop_.post([=, this] { linked(package, action, program); });
  };
  handlers.vetted = [this](const auto& id, bool passed) {
    loop_.post([=, this] { vetted(id, passed); });
  };
  TRY_ASSIGN(door_, agent::TestDoor::open(door_path(), std::move(handlers)));
  return {};
}

// Beside go, which says whatever is wrong with the words.
void TestRun::list() {
  const gotool::TestWords& words = settings_.words;
  sys::SpawnOptions options;
  options.program = settings_.config.go_path;
  options.arguments = {"go"};
  for (std::string& word : gotool::list_words(words.build, words.packages)) {
    options.arguments.push_back(std::move(word));
  }
  if (!words.change_directory.empty()) {
    options.arguments.insert(options.arguments.begin() + 2, {"-C", words.change_directory});
  }
  options.environment = settings_.env;
  options.environment.set("GOCACHEPROG", "");  // the local tier is enough for it
  lister_ = std::thread([this, options = std::move(options)] {
    const auto answer = sys::run_captured(options, Deadline::after(k_list_max), k_list_bytes_max);
    std::vector<gotool::TestPackage> packages;
    if (answer) {
      auto parsed = gotool::parse_test_packages(answer->output);
      if (parsed) packages = std::move(*parsed);
      if (!parsed) sys::log_debug("{}", parsed.error().message);
    }
    TestPackages by_path;
    for (const auto& package : packages) by_path.emplace(package.import_path, package);
    facts_.set_packages(std::move(by_path));
    loop_.post([this, packages = std::move(packages)] { listed(packages); });
  });
}

Result<void> TestRun::start_go() {
  const gotool::TestWords& words = settings_.words;
  TestCommand command;
  command.is_foreground = true;
  command.program = settings_.config.go_path;
  command.arguments = {"go", "test"};
  const auto add = [&command](std::string word) { command.arguments.push_back(std::move(word)); };
  if (!words.change_directory.empty()) {
    add("-C");
    add(words.change_directory);
  }
  for (const std::string& flag : words.build) add(flag);
  add("-exec=" + settings_.tested.native());
  add("-count=1");  // it need not look for results
  if (words.is_json) add("-json");
  if (!words.cover_profile.empty()) add("-coverprofile=" + words.cover_profile);
  for (const std::string& package : words.packages) add(package);
  agent::AgentConfig config = settings_.config;
  config.test_door = door_path();
  config.test_programs = programs_.path();
  command.environment = settings_.env;
  command.environment.set(agent::k_session_variable, config.encode());
  go_output_ = std::make_unique<GoOutput>(
      words.is_json, GoOutput::Heard{[this](std::string_view text) { show(text); },
                                     [this](const std::string& package, std::string_view text) {
                                       cleared(package, text);
                                     },
                                     [this](const std::string& package) { refused(package); }});
  TRY_ASSIGN(go_, TestProcess::start(
                      loop_, command, [this](std::string_view piece) { go_output_->write(piece); },
                      [this](const TestEnd& end) { go_ended(end.status); }));
  forwarder_.set_child(go_->pid());
  meter_.other_started(go_->pid(), now_s());
  return {};
}

// On a thread of the door, before go does anything else.
void TestRun::go_is(const sys::Environment& env, const sys::Path& directory) {
  if (facts_.cache()) return;
  std::shared_ptr<ResultCache> cache;
  const sys::Path goroot = env.get_or("GOROOT", settings_.config.goroot.native());
  std::string version = gotool::version_in(goroot);
  if (version.empty()) version = settings_.config.go_version;
  if (!version.empty()) {
    sys::Environment own = env;
    own.set(agent::k_session_variable, settings_.config.encode());
    auto client =
        agent::CacheClient::start({settings_.sluice.native(), "cacheprog"}, own, directory);
    if (client) {
      client_ = std::move(*client);
      const ResultCache::Access access{
          [this](const ActionId& action) { return client_->get(action); },
          [this](const ActionId& action, ByteView body) { return client_->put(action, body); }};
      cache = std::make_shared<ResultCache>(
          access,
          ResultCache::Go{version, env, settings_.words.arguments, settings_.words.keeps_results,
                          !settings_.words.cover_profile.empty(), vet_of(settings_.words),
                          settings_.config.local_tier});
    } else {
      sys::log_debug("{}", client.error().message);
    }
  }
  facts_.set_cache(std::move(cache));
  loop_.post([this, goroot, minor = gotool::minor_of(version)] {
    goroot_ = goroot;
    if (minor != 0) form_.go_minor = minor;
  });
}

void TestRun::go_ended(const sys::ExitStatus& status) {
  go_output_->end();
  meter_.other_ended(go_->pid());
  go_status_ = status.shell_code();
  facts_.set_cache(facts_.cache());  // no tool is there that could wait for it
  go_.reset();
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
    planner_.add(static_cast<TaskNumber>(added_), task_of(numbers_[added_]));
  }
  decide();
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
    std::vector<journal::TestRunRow> rows;
    std::string note;
    const sys::Path& journal = settings_.config.journal_directory;
    if (!journal.empty()) {
      auto database = journal::open_current(journal, Deadline::after(k_history_wait), note);
      if (!database) sys::log_debug("tests: {}", database.error().message);
      if (database && *database) {
        auto found = journal::test_runs(**database, k_history_rows_max);
        if (found) rows = std::move(*found);
      }
    }
    sys::log_debug("tests: {} runs are remembered", rows.size());
    loop_.post([set, history = TestHistory(rows, words_)] { set(history); });
  });
}

PackageReport& TestRun::begin_report(Package& package) {
  package.report = std::make_unique<PackageReport>(package.facts.import_path, form_,
                                                   [this](std::string_view text) { show(text); });
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
  begin_report(package).known(result.output);
  over(package);
}

void TestRun::linked(const std::string& name, const std::string& action, const sys::Path& program) {
  if (packages_[name].has_come || packages_[name].is_refused) return;
  Package& package = come(name, action);
  package.program = program;
  package.directory = program.parent_path();
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
  if (!package.facts.has_tests) return show(gos_word);
  has_failed_ = true;
  package.facts.import_path = name;
  PackageReport& report = begin_report(package);
  report.not_started("sluice did not get the program of this test");
}

void TestRun::refused(const std::string& name) {
  Package& package = packages_[name];
  package.is_refused = true;
  package.report.reset();
  if (package.process) {
    const auto at = std::ranges::find(numbers_, name);
    const auto number = static_cast<TaskNumber>(at - numbers_.begin());
    package.process.reset();
    meter_.ended(number);
    planner_.ended(number);
  }
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

// Its program is of no more use.
void TestRun::over(Package& package) {
  if (!package.has_come || package.is_over) return;
  package.is_over = true;
  --unfinished_;
  if (package.report) release_where_possible(package);
  if (!package.directory.empty()) {
    keeper_.add([directory = package.directory] { (void)sys::remove_tree(directory); });
  }
}

void TestRun::tick() {
  loop_.after(k_tick, [this] { tick(); });
  if (const int signal = forwarder_.ending_signal(); signal != 0) interrupt(signal);
  if (planner_.waiting() == 0 && planner_.running() == 0) return;
  load_ = meter_.load(read_machine(cgroups_, now_s(), meter_.roots()));
  decide();
}

void TestRun::decide() {
  if (!is_listed_) return;
  for (;;) {
    load_.now_s = now_s();
    const Decision decision = planner_.decide(load_);
    for (const TaskNumber number : decision.evictions) evict(number);
    for (const TaskNumber number : decision.starts) start(number);
    if (!decision.starts.empty()) {
      sys::log_debug("tests: {} run, {} wait ({}); {}", decision.usage.count, planner_.waiting(),
                     name_of(decision.limit), decision.state);
    }
    if (!starts_nothing() || planner_.waiting() == 0 || decision.starts.empty()) return;
  }
}

TestCommand TestRun::command_of(const Package& package) const {
  TestCommand command;
  command.program = package.program;
  command.arguments = {package.program.native()};
  if (settings_.words.keeps_results && !package.facts.root.empty()) {
    command.arguments.push_back("-test.testlogfile=" +
                                (package.directory / "testlog.txt").native());
  }
  command.arguments.emplace_back("-test.paniconexit0");
  command.environment = settings_.env;
  if (settings_.words.is_covered) {
    const std::string counters = (package.directory / "gocoverdir").native();
    command.arguments.push_back("-test.gocoverdir=" + counters);
    command.environment.set("GOCOVERDIR", counters);
  }
  for (const std::string& argument : settings_.words.arguments) {
    command.arguments.push_back(argument.starts_with("-test.coverprofile=")
                                    ? "-test.coverprofile=" + profile_of(package).native()
                                    : argument);
  }
  const std::string path = settings_.env.get_or("PATH", "");
  const std::string bin = (goroot_ / "bin").native();
  command.environment.set("PATH", path.empty() ? bin : bin + ":" + path);
  command.environment.set("PWD", package.facts.directory);
  command.directory = package.facts.directory;
  command.quit_after = ceil_ms(limits_.quit_after);
  command.wait_delay = ceil_ms(limits_.wait_delay);
  return command;
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
  if (settings_.words.is_covered) (void)sys::make_directories(package.directory / "gocoverdir");
  PackageReport& report = begin_report(package);
  auto process = TestProcess::start(
      loop_, command_of(package), [&report](std::string_view piece) { report.output(piece); },
      [this, number](const TestEnd& end) { ended(number, end); });
  if (process) {
    package.process = std::move(*process);
    meter_.started(number, package.process->pid(), now_s());
    return;
  }
  fail_to_start(number, process.error().message);
}

void TestRun::fail_to_start(TaskNumber number, const std::string& why) {
  Package& package = packages_[numbers_[number]];
  has_failed_ = true;
  if (!package.report) begin_report(package);
  package.report->not_started(why);
  planner_.ended(number);
  over(package);
}

// For want of memory; no failure of its own.
void TestRun::evict(TaskNumber number) {
  Package& package = packages_[numbers_[number]];
  sys::log_debug("tests: {} is ended to free memory, and runs again", package.facts.import_path);
  package.process.reset();
  package.report.reset();
  meter_.ended(number);
  planner_.ended(number);
  Task task = task_of(package.facts.import_path);
  task.cost.memory *= 2;
  planner_.add(number, std::move(task));
}

void TestRun::ended(TaskNumber number, const TestEnd& end) {
  Package& package = packages_[numbers_[number]];
  package.process.reset();
  const bool has_passed = package.report->ended(end);
  record(number, end,
         is_interrupted_ ? journal::RunEnd::stopped
         : has_passed    ? journal::RunEnd::passed
                         : journal::RunEnd::failed);
  meter_.ended(number);
  planner_.ended(number);
  // Of tests that fail, too.
  if (!settings_.words.cover_profile.empty()) {
    const auto bytes = sys::read_file(profile_of(package), k_profile_bytes_max);
    if (bytes && *bytes) package.profile = text_of(**bytes);
  }
  if (has_passed)
    keep_result(package);
  else
    has_failed_ = true;
  over(package);
  decide();
}

void TestRun::record(TaskNumber number, const TestEnd& end, journal::RunEnd how) {
  constexpr double k_us_per_s = 1e6;
  journal::TestRan ran;
  ran.package = numbers_[number];
  ran.words = words_;
  ran.end = how;
  ran.wall_us = static_cast<std::uint64_t>(end.elapsed_s * k_us_per_s);
  ran.cpu_us = static_cast<std::uint64_t>(end.spent.cpu.count());
  ran.wait_us = static_cast<std::uint64_t>(meter_.waited_s(number) * k_us_per_s);
  ran.memory = end.spent.memory_peak;
  recorder_.add(std::move(ran));
}

void TestRun::keep_result(const Package& package) {
  auto cache = facts_.cache();
  if (!cache || !settings_.words.keeps_results) return;
  keeper_.add([cache = std::move(cache), facts = package.facts, action = package.action,
               log = package.directory / "testlog.txt",
               result = ResultCache::Result{package.report->kept(), package.profile}] {
    cache->keep(facts, action, log, result);
  });
}

void TestRun::write_profile() const {
  std::map<std::string, std::string> profiles;  // one order, whatever came first
  for (const auto& [name, package] : packages_) {
    if (package.profile && !package.is_refused) profiles.emplace(name, *package.profile);
  }
  const gotool::TestWords& words = settings_.words;
  const auto added =
      append_profiles(sys::Path(words.change_directory) / words.cover_profile, profiles);
  if (added) return;
  (void)sys::write_all(STDERR_FILENO, bytes_of("sluice: " + added.error().message + "\n"));
}

void TestRun::keep_vetted(Package& package) {
  package.was_vetted = true;
  auto cache = facts_.cache();
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
  const auto tell = [this](int told) {
    for (auto& [path, package] : packages_) {
      if (package.process) package.process->signal_all(told);
    }
  };
  tell(signal);
  loop_.after(k_interrupt_max, [tell] { tell(SIGKILL); });
  decide();
}

bool TestRun::is_over() const {
  return !go_ && is_listed_ && history_ && unfinished_ == 0 && planner_.running() == 0;
}

void TestRun::show(std::string_view text) {
  if (sys::write_all(STDOUT_FILENO, bytes_of(text))) return;
  if (go_ && !is_interrupted_) go_->signal_all(SIGTERM);
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
