// Picks a command; nothing else.

#include "agent/test_door.hpp"
#include "agent/toolexec.hpp"
#include "cli/advise.hpp"
#include "cli/agent.hpp"
#include "cli/cacheprog.hpp"
#include "cli/ci.hpp"
#include "cli/clear.hpp"
#include "cli/completion.hpp"
#include "cli/doctor.hpp"
#include "cli/env.hpp"
#include "cli/fsck.hpp"
#include "cli/gc.hpp"
#include "cli/go.hpp"
#include "cli/help.hpp"
#include "cli/init.hpp"
#include "cli/job.hpp"
#include "cli/journal.hpp"
#include "cli/key.hpp"
#include "cli/man.hpp"
#include "cli/mod.hpp"
#include "cli/mtime.hpp"
#include "cli/output.hpp"
#include "cli/parse.hpp"
#include "cli/report.hpp"
#include "cli/run.hpp"
#include "cli/same_path.hpp"
#include "cli/snapshot.hpp"
#include "cli/stats.hpp"
#include "cli/test_command.hpp"
#include "cli/trace.hpp"
#include "cli/version.hpp"
#include "cli/why.hpp"
#include "sys/environment.hpp"
#include "sys/process.hpp"

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::cli::CommandId;
using sluice::cli::Invocation;
using sluice::sys::Environment;

int run_command(const Invocation& invocation, const Environment& env) {
  namespace cli = sluice::cli;
  switch (invocation.command->id) {
    case CommandId::go: return cli::run_go(invocation, env);
    case CommandId::advise: return cli::run_advise(invocation);
    case CommandId::test: return cli::run_test(invocation, env);
    case CommandId::run: return cli::run_run(invocation, env);
    case CommandId::job: return cli::run_job(invocation, env);
    case CommandId::cacheprog: return cli::run_cacheprog(invocation.flags, env);
    case CommandId::env: return cli::run_env(invocation, env);
    case CommandId::ci: return cli::run_ci(invocation, env);
    case CommandId::agent: return cli::run_agent_command(invocation, env);
    case CommandId::mod: return cli::run_mod(invocation, env);
    case CommandId::save: return cli::run_save(invocation, env);
    case CommandId::restore: return cli::run_restore(invocation, env);
    case CommandId::stats: return cli::run_stats(invocation, env);
    case CommandId::report: return cli::run_report(invocation, env);
    case CommandId::doctor: return cli::run_doctor(invocation, env);
    case CommandId::init: return cli::run_init(invocation, env);
    case CommandId::gc: return cli::run_gc(invocation, env);
    case CommandId::fsck: return cli::run_fsck(invocation, env);
    case CommandId::clear: return cli::run_clear(invocation, env);
    case CommandId::mtime: return cli::run_mtime(invocation, env);
    case CommandId::why: return cli::run_why(invocation, env);
    case CommandId::trace: return cli::run_trace(invocation, env);
    case CommandId::journal: return cli::run_journal(invocation, env);
    case CommandId::key: return cli::run_key(invocation, env);
    case CommandId::version: return cli::run_version(invocation);
    case CommandId::completion: return cli::run_completion(invocation);
    case CommandId::man: return cli::run_man(invocation);
    case CommandId::help: return cli::run_help(invocation, env);
  }
  return cli::k_exit_failure;
}

std::string_view name_of(std::string_view started_as) {
  return started_as.substr(started_as.rfind('/') + 1);
}

int run_words(const std::vector<std::string>& words, const Environment& env) {
  namespace cli = sluice::cli;
  // These are started by go and by sluice, over and over: nothing is parsed for them.
  if (!words.empty() && words[0] == "toolexec") {
    return sluice::agent::run_toolexec({words.begin() + 1, words.end()}, env);
  }
  if (!words.empty() && words[0] == cli::k_at_same_path_word) {
    return cli::run_at_same_path({words.begin() + 1, words.end()}, env);
  }
  if (words.size() == 1 && words[0] == "cacheprog") return cli::run_cacheprog({}, env);
  if (words.size() == 2 && words[0] == "agent" && words[1] == "run") return cli::run_agent(env);
  const auto invocation = cli::parse_words(words);
  if (!invocation) return cli::report(invocation.error());
  if (invocation->wants_help) return cli::print_help(invocation->command, env);
  if (invocation->wants_version) return cli::run_version({});
  if (invocation->command == nullptr) return cli::print_help(nullptr, env);
  return run_command(*invocation, env);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    sluice::sys::hold_standard_streams();
    sluice::sys::expect_children();
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    const Environment env = Environment::of_process();
    const std::string_view name = argc > 0 ? name_of(argv[0]) : "";
    if (name == sluice::agent::k_toolexec_name) return sluice::agent::run_toolexec(words, env);
    if (name == sluice::agent::k_tested_name) return 0;
    if (name == sluice::cli::k_test_run_name) return sluice::cli::run_tests_inside(words, env);
    const int code = run_words(words, env);
    return sluice::cli::exit_code_after_output(code);
  } catch (const std::exception& error) {
    sluice::cli::say(error.what());
    return sluice::cli::k_exit_failure;
  }
}
