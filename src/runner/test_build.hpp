// The `go test` that builds and vets for a run: what it lists, links, vets and refuses.
//
// Belongs to the thread of its loop, on which the listener is told everything. go's tools report on
// threads of the door. How the parts work together: docs/decisions/tests-start-early.md.
#pragma once

#include "agent/cache_client.hpp"
#include "agent/config.hpp"
#include "agent/test_door.hpp"
#include "base/result.hpp"
#include "gotool/test_packages.hpp"
#include "gotool/test_words.hpp"
#include "runner/go_output.hpp"
#include "runner/result_cache.hpp"
#include "runner/run_facts.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_process.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/loop.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::runner {

class BuildListener {
 public:
  BuildListener() = default;
  virtual ~BuildListener() = default;
  BuildListener(const BuildListener&) = delete;
  BuildListener& operator=(const BuildListener&) = delete;

  // Once, before or after the rest; empty where go cannot list them. An error of the plan is the
  // user's to mend.
  virtual void listed(const std::vector<gotool::TestPackage>& packages,
                      const Result<std::shared_ptr<const TestPlan>>& plan) = 0;
  // `action`: the first part of the program's build ID.
  virtual void known(const std::string& package, const std::string& action,
                     const ResultCache::Result& result) = 0;
  virtual void linked(const std::string& package, const std::string& action,
                      const sys::Path& program) = 0;
  virtual void vetted(const std::string& id, bool passed) = 0;  // `id` as vetted_of() reads it
  virtual void found_vetted(const std::string& package) = 0;    // by a go before this one
  virtual void cleared(const std::string& package, std::string_view gos_word) = 0;
  virtual void refused(const std::string& package) = 0;
  virtual void says(std::string_view text) = 0;                   // go's own words
  virtual void says_on_stderr(std::string_view text) = 0;         // where that was asked for
  virtual void go_is(const sys::Path& goroot, int go_minor) = 0;  // that does the work; 0: ?
  virtual void go_ended(const sys::ExitStatus& status) = 0;
};

struct TestBuildSettings {
  agent::AgentConfig config;
  sys::Environment env;       // of go: sluice is before its tools
  gotool::TestWords words;    // that sluice can do
  sys::Path sluice;           // this program
  sys::Path tested;           // the same by the name k_tested_name
  sys::Path programs;         // where linked programs are moved to
  bool hears_stderr = false;  // of go, else it is ours
  TestRules rules = usual_rules();
  sys::Path rules_directory;  // of their file
  Selection selection;
};

class TestBuild {
 public:
  // Borrows all three.
  TestBuild(const TestBuildSettings& settings, sys::Loop& loop, BuildListener& listener)
      : settings_(settings), loop_(loop), listener_(listener) {}
  ~TestBuild();
  TestBuild(const TestBuild&) = delete;
  TestBuild& operator=(const TestBuild&) = delete;

  // Where something is chosen, blocks until go has listed what there is. Code::invalid: an error
  // of the plan.
  Result<void> start();
  // Nothing was chosen of what there is: no go was started. Why, for people.
  bool is_idle() const { return is_idle_; }
  const std::string& why_idle() const { return why_idle_; }
  const std::string& note() const { return note_; }  // what was chosen otherwise, for people
  bool is_over() const { return !go_; }
  pid_t pid() const { return go_->pid(); }                    // before its end
  void signal(int number) const { go_->signal_all(number); }  // likewise
  std::shared_ptr<ResultCache> cache() const { return facts_.cache(); }
  void close();  // when nothing more is to be kept

 private:
  sys::Path door_path() const;
  Result<void> open_door();
  Result<void> list();
  Result<std::shared_ptr<const TestPlan>> plan(const std::vector<gotool::TestPackage>& packages);
  Result<void> choose(TestPlan& plan);
  void set_listed(std::vector<gotool::TestPackage> packages,
                  Result<std::shared_ptr<const TestPlan>> plan);
  Result<void> start_go();
  Result<sys::Fd> open_errors();
  void read_errors();
  void go_is(const sys::Environment& env, const sys::Path& directory);
  void said(std::string_view piece);
  void ended(const sys::ExitStatus& status);

  const TestBuildSettings& settings_;
  sys::Loop& loop_;
  BuildListener& listener_;
  RunFacts facts_;
  std::unique_ptr<agent::CacheClient> client_;  // set by go_is(), on a thread of the door
  std::unique_ptr<agent::TestDoor> door_;
  std::thread lister_;
  std::vector<std::string> chosen_;  // packages; empty: as the words say
  bool is_idle_ = false;
  std::string why_idle_ = "no test is of what was chosen: nothing is built, nothing is run";
  std::string note_;
  std::unique_ptr<GoOutput> go_output_;
  sys::Fd errors_;  // what go says on stderr
  std::unique_ptr<TestProcess> go_;
};

}  // namespace sluice::runner
