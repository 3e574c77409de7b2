#include "runner/test_build.hpp"

#include "gotool/go_version.hpp"
#include "gotool/toolchain.hpp"
#include "runner/earlier_tests.hpp"
#include "runner/go_rules.hpp"
#include "runner/shard_plan.hpp"
#include "sys/log.hpp"
#include "sys/pipe.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace sluice::runner {
namespace {

constexpr auto k_journal_max = std::chrono::seconds(30);
constexpr auto k_list_max = std::chrono::minutes(10);
constexpr std::size_t k_list_bytes_max = 256U << 20U;
constexpr std::uint64_t k_source_bytes_max = 64U << 20U;
constexpr std::size_t k_errors_read = 16U << 10U;

}  // namespace

TestBuild::~TestBuild() {
  if (errors_) loop_.unwatch(errors_.get());
  if (lister_.joinable()) lister_.join();
}

Result<void> TestBuild::start() {
  TRY(open_door());
  TRY(list());
  if (is_idle_) return {};
  return start_go();
}

void TestBuild::close() {
  door_.reset();
  if (client_) client_->close();
}

sys::Path TestBuild::door_path() const {
  return settings_.config.runtime_directory / fmt::format("door-{}.sock", ::getpid());
}

Result<void> TestBuild::open_door() {
  const agent::AgentConfig& config = settings_.config;
  if (!sys::make_private_directory(config.runtime_directory)) {
    return fail(Code::denied, config.runtime_directory.native() + ": not a directory of this user");
  }
  agent::TestDoor::Handlers handlers;
  handlers.go = [this](const auto& env, const auto& directory) { go_is(env, directory); };
  handlers.is_known = [this](const std::string& package, const std::string& action) {
    if (facts_.is_vetted(package, action)) {
      loop_.post([this, package] { listener_.found_vetted(package); });
    }
    auto result = facts_.known_result(package, action);
    if (!result) return false;
    loop_.post(
        [=, this, result = std::move(*result)] { listener_.known(package, action, result); });
    return true;
  };
  handlers.linked = [this](const auto& package, const auto& action, const auto& program) {
    loop_.post([=, this] { listener_.linked(package, action, program); });
  };
  handlers.vetted = [this](const auto& id, bool passed) {
    loop_.post([=, this] { listener_.vetted(id, passed); });
  };
  TRY_ASSIGN(door_, agent::TestDoor::open(door_path(), std::move(handlers)));
  return {};
}

Result<std::shared_ptr<const TestPlan>> TestBuild::plan(
    const std::vector<gotool::TestPackage>& packages) {
  if (!settings_.rules.is_of_file && !settings_.selection.chooses()) {
    return std::make_shared<const TestPlan>(settings_.rules);
  }
  const auto read = [](const sys::Path& path) {
    const auto bytes = sys::read_file(path, k_source_bytes_max);
    return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
  };
  TRY_ASSIGN(TestPlan made, TestPlan::make(settings_.rules, settings_.rules_directory,
                                           settings_.selection, packages, read));
  TRY(choose(made));
  return std::make_shared<const TestPlan>(std::move(made));
}

// By what ran before, and for this machine.
Result<void> TestBuild::choose(TestPlan& plan) {
  const Selection& selection = settings_.selection;
  if (!selection.only_failed && !selection.shard) return {};
  EarlierTests earlier;
  if (selection.only_failed || selection.shard->only_plans()) {  // a share is the same everywhere
    earlier = EarlierTests::of_journal(settings_.config.journal_directory,
                                       Deadline::after(k_journal_max));
  }
  if (selection.only_failed) {
    const auto knows = [&earlier](const auto& one) { return earlier.knows(one.first); };
    if (std::ranges::any_of(plan.packages(), knows)) {
      plan.keep_only(earlier.failed());
      why_idle_ = "none of these tests failed when they ran last: nothing is run";
    } else {
      note_ = "nothing is remembered of these tests here: all are run";
    }
  }
  if (!selection.shard) return {};
  TRY_ASSIGN(const std::string line, plan_shard(plan, settings_.rules, *selection.shard, earlier));
  if (!line.empty()) why_idle_ = line;
  return {};
}

// Beside go, which says whatever is wrong with the words; before it where it shall not build all.
Result<void> TestBuild::list() {
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
  const auto ask = [options = std::move(options)] {
    const auto answer = sys::run_captured(options, Deadline::after(k_list_max), k_list_bytes_max);
    std::vector<gotool::TestPackage> packages;
    if (answer) {
      auto parsed = gotool::parse_test_packages(answer->output);
      if (parsed) packages = std::move(*parsed);
      if (!parsed) sys::log_debug("{}", parsed.error().message);
    }
    return packages;
  };
  if (!settings_.selection.chooses()) {
    lister_ = std::thread([this, ask] {
      std::vector<gotool::TestPackage> packages = ask();
      auto planned = plan(packages);
      set_listed(std::move(packages), std::move(planned));
    });
    return {};
  }
  std::vector<gotool::TestPackage> packages = ask();
  TRY_ASSIGN(auto planned, plan(packages));
  is_idle_ = !packages.empty();  // of what go cannot list it says why
  std::erase_if(packages, [&](const gotool::TestPackage& package) {
    return !planned->of(package.import_path).is_run;
  });
  for (const auto& package : packages) chosen_.push_back(package.import_path);
  is_idle_ = is_idle_ && packages.empty();
  set_listed(std::move(packages), std::move(planned));
  return {};
}

void TestBuild::set_listed(std::vector<gotool::TestPackage> packages,
                           Result<std::shared_ptr<const TestPlan>> plan) {
  TestPackages by_path;
  if (plan) {
    for (const auto& package : packages) by_path.emplace(package.import_path, package);
  }
  facts_.set_packages(std::move(by_path), [this, plan](const std::string& package) {
    return words_of((*plan)->of(package), settings_.rules, settings_.words);
  });
  loop_.post([this, packages = std::move(packages), plan = std::move(plan)] {
    listener_.listed(packages, plan);
  });
}

Result<void> TestBuild::start_go() {
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
  add("-count=1");                               // it need not look for results
  add(words.is_json ? "-json" : "-json=false");  // whatever GOFLAGS says
  if (!words.cover_profile.empty()) add("-coverprofile=" + words.cover_profile);
  for (const std::string& package : chosen_.empty() ? words.packages : chosen_) add(package);
  agent::AgentConfig config = settings_.config;
  config.test_door = door_path();
  config.test_programs = settings_.programs;
  command.environment = settings_.env;
  command.environment.set(agent::k_session_variable, config.encode());
  go_output_ = std::make_unique<GoOutput>(
      words.is_json,
      GoOutput::Heard{[this](std::string_view text) { listener_.says(text); },
                      [this](const std::string& package, std::string_view text) {
                        listener_.cleared(package, text);
                      },
                      [this](const std::string& package) { listener_.refused(package); }});
  sys::Fd errors;
  if (settings_.hears_stderr) {
    TRY_ASSIGN(errors, open_errors());
  }
  if (errors) command.error_fd = errors.get();
  TRY_ASSIGN(go_, TestProcess::start(
                      loop_, command, [this](std::string_view piece) { said(piece); },
                      [this](const TestEnd& end) { ended(end.status); }));
  return {};
}

// What go is to write to.
Result<sys::Fd> TestBuild::open_errors() {
  TRY_ASSIGN(sys::Pipe pipe, sys::make_polled_pipe());
  errors_ = std::move(pipe.reads);
  loop_.watch(errors_.get(), [this] { read_errors(); });
  return std::move(pipe.writes);
}

void TestBuild::read_errors() {
  std::array<char, k_errors_read> buffer{};
  for (;;) {
    const ssize_t count = ::read(errors_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) {
      listener_.says_on_stderr({buffer.data(), static_cast<std::size_t>(count)});
      continue;
    }
    if (count < 0 && errno == EAGAIN) return;
    loop_.unwatch(errors_.get());
    errors_.reset();
    return;
  }
}

// On a thread of the door, before go does anything else.
void TestBuild::go_is(const sys::Environment& env, const sys::Path& directory) {
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
          access, ResultCache::Go{version, env, !settings_.words.cover_profile.empty(),
                                  vet_of(settings_.words), settings_.config.local_tier});
    } else {
      sys::log_debug("{}", client.error().message);
    }
  }
  facts_.set_cache(std::move(cache));
  loop_.post([this, goroot, minor = gotool::minor_of(version)] { listener_.go_is(goroot, minor); });
}

// Its tools told of a program before go says anything of its package.
void TestBuild::said(std::string_view piece) {
  loop_.catch_up();
  go_output_->write(piece);
}

void TestBuild::ended(const sys::ExitStatus& status) {
  loop_.catch_up();
  go_output_->end();
  facts_.set_cache(facts_.cache());  // no tool is there that could wait for it
  if (errors_) read_errors();
  const sys::ExitStatus told = status;
  go_.reset();
  listener_.go_ended(told);
}

}  // namespace sluice::runner
