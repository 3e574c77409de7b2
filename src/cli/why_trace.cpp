#include "cli/why_trace.hpp"

#include "agent/result_reuse.hpp"
#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "cli/why_words.hpp"
#include "gotool/rerun_words.hpp"
#include "gotool/toolchain.hpp"
#include "insight/traced_actions.hpp"
#include "insight/wording.hpp"
#include "sys/piped.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::cli {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using insight::TracedKey;
using insight::TracedPackage;
using insight::TracedTestWhy;
using insight::TraceExplanation;

constexpr std::size_t k_packages_shown = 50;
constexpr std::size_t k_inputs_shown = 8;
constexpr std::string_view k_godebug = "GODEBUG";

bool has_directory(const sys::Path& path) {
  const auto info = sys::stat_file(path);
  return info && *info && (*info)->is_directory();
}

std::string keys_text(const TracedPackage& package) {
  std::vector<std::string> names;
  for (const TracedKey& key : package.keys) names.emplace_back(insight::name_of(key.what));
  return fmt::format("{} of {} keys proven ({})", package.proven(), package.keys.size(),
                     join(names, ", "));
}

std::string package_text(const TracedPackage& package) {
  std::string text = fmt::format("{}: {}", printable(package.package), keys_text(package));
  if (package.is_of_job) {
    text += ", as in the job\n";
  } else if (package.since_job.empty()) {
    text += ", and the job did not ask for them\n";
  } else {
    text += fmt::format("; since the job: {}{}\n", causes_text(package.since_job),
                        proof_text(package.is_since_job_proven));
  }
  if (package.causes.empty()) return text;
  text += fmt::format("    {}{}\n", causes_text(package.causes), proof_text(package.is_proven));
  if (!package.through.empty()) text += fmt::format("    in {}\n", way_text(package.through));
  text += also_text(package.also, package.also_more);
  const std::string against = against_text(package.against);
  if (!against.empty()) text += fmt::format("    compared with {}\n", against);
  return text;
}

std::string input_text(const insight::TracedInput& input) {
  if (input.op != "env") return fmt::format("{} {}", input.op, printable(input.name));
  const std::string_view state = !input.is_set ? "" : *input.is_set ? " (set)" : " (not set)";
  return fmt::format("variable {}{}", printable(input.name), state);
}

const insight::TestWhy* why_of(const TraceRequest& request, const std::string& package) {
  const auto& tests = request.explanation.tests;
  const auto at = std::ranges::find(tests, package, &insight::TestWhy::package);
  return at == tests.end() ? nullptr : &*at;
}

std::string test_text(const TraceRequest& request, const TracedTestWhy& why) {
  const auto& inputs = why.test.inputs;
  std::string text = fmt::format("{}: key {}, {}\n", printable(why.test.package),
                                 why.test.is_proven ? "proven" : "not proven",
                                 why.is_of_job ? "as in the job" : "not as in the job");
  const insight::TestWhy* known = why_of(request, why.test.package);
  if (known != nullptr && !known->is_hit()) {
    text +=
        fmt::format("    ran: {}{}\n", causes_text(known->causes), proof_text(known->is_proven));
  }
  if (inputs.empty()) return text + "    it consults nothing\n";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < inputs.size() && i < k_inputs_shown; ++i) {
    names.push_back(input_text(inputs[i]));
  }
  text += fmt::format("    it consults {}", join(names, ", "));
  if (inputs.size() > k_inputs_shown) {
    text += fmt::format(" and {} more", inputs.size() - k_inputs_shown);
  }
  return text + "\n";
}

Json package_json(const TracedPackage& package) {
  JsonArray keys;
  for (const TracedKey& key : package.keys) {
    keys.emplace_back(JsonObject{{"step", insight::name_of(key.what)},
                                 {"key", key.key.hex()},
                                 {"proven", key.is_proven},
                                 {"in_job", key.is_of_job ? Json(*key.is_of_job) : Json()}});
  }
  return JsonObject{{"package", package.package},
                    {"keys", std::move(keys)},
                    {"in_job", package.is_of_job},
                    {"since_job", json_of(package.since_job)},
                    {"since_job_proven", package.is_since_job_proven},
                    {"causes", json_of(package.causes)},
                    {"through", json_of(package.through)},
                    {"proven", package.is_proven},
                    {"against", json_of(package.against)},
                    {"also", json_of(package.also)},
                    {"also_more", package.also_more}};
}

Json test_json(const TracedTestWhy& why) {
  JsonArray inputs;
  for (const insight::TracedInput& input : why.test.inputs) {
    inputs.emplace_back(JsonObject{{"op", input.op},
                                   {"name", input.name},
                                   {"set", input.is_set ? Json(*input.is_set) : Json()}});
  }
  return JsonObject{{"package", why.test.package},
                    {"key", why.test.key.hex()},
                    {"proven", why.test.is_proven},
                    {"in_job", why.is_of_job},
                    {"inputs", std::move(inputs)}};
}

// All that go printed is read, whoever reads what is not about hashes.
Result<void> pass_on(std::string_view text) {
  [[maybe_unused]] const auto nobody_reads_it = sys::write_all(STDERR_FILENO, bytes_of(text));
  return {};
}

struct Traced {
  insight::TracedActions actions;
  TraceRun run;
  int ending_signal = 0;
};

Result<Traced> trace(const Setup& setup, const Rerun& rerun, const sys::Environment& env) {
  Traced traced{insight::TracedActions(env.get(k_godebug)), {}, 0};
  gotool::HashTrace reader(
      {[&traced](gotool::TracedHash hash) { traced.actions.add(std::move(hash)); },
       [&traced](const gotool::TracedSubkey& subkey) { traced.actions.add(subkey); },
       [](std::string_view line) { (void)pass_on(line); }});
  sys::SpawnOptions options;
  options.program = setup.executable;
  options.arguments = {setup.executable.native(), "go"};
  options.arguments.insert(options.arguments.end(), rerun.words.begin(), rerun.words.end());
  options.working_directory = rerun.directory;
  options.environment =
      rerun_environment(env, rerun, gotool::go_env_value(env, "GOFLAGS", setup.go).value_or(""));
  const auto started = std::chrono::steady_clock::now();
  TRY_ASSIGN(const auto piped,
             sys::run_piped(options, pass_on, [&reader](std::string_view text) -> Result<void> {
               reader.feed(text);
               return {};
             }));
  reader.finish();
  traced.run.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  traced.run.counts = reader.counts();
  traced.run.status = piped.status;
  traced.run.is_cut = traced.actions.is_cut();
  traced.ending_signal = piped.ending_signal;
  return traced;
}

// Where it would run, and that go is there.
Result<void> check_place(const Rerun& rerun, const sys::Environment& env) {
  if (!has_directory(rerun.directory)) {
    return fail(Code::invalid, fmt::format("its directory {} is not there any more",
                                           printable(rerun.directory.native())));
  }
  TRY_ASSIGN(const Setup there, set_up({}, env, rerun.directory, OffSwitch::passed_over));
  if (!there.go_error.empty()) return fail(Code::invalid, there.go_error);
  if (!there.go.version.empty() && !rerun.go_version.empty() &&
      there.go.version != rerun.go_version) {
    say(fmt::format("why: the job had {}, and {} runs now: every key differs (see GOTOOLCHAIN)",
                    printable(rerun.go_version), there.go.version));
  }
  return {};
}

Error in_job(Error error, const TraceRequest& request) {
  return std::move(error).in(fmt::format("why: --trace: {}", name_of(request.explanation.job)));
}

}  // namespace

Result<Rerun> choose_rerun(const insight::Explanation& explanation) {
  Error last{Code::invalid, "its commands are not known"};
  const auto& commands = explanation.commands;
  for (auto command = commands.rbegin(); command != commands.rend(); ++command) {
    auto words = gotool::rerun_words(command->words, command->goflags);
    if (words) {
      return Rerun{std::move(words->words), command->directory, command->goflags,
                   command->go_version, words->runs_tests};
    }
    if (command == commands.rbegin()) last = words.error();
  }
  return std::unexpected(last);
}

sys::Environment rerun_environment(const sys::Environment& env, const Rerun& rerun,
                                   const std::string& goflags_now) {
  sys::Environment job = env;
  job.set(k_godebug, gotool::with_hash_trace(env.get_or(k_godebug, "")));
  if (rerun.goflags != goflags_now) job.set("GOFLAGS", rerun.goflags);
  job.set("PWD", rerun.directory.native());
  // It is no job of its own, publishes nothing, and gives what there is.
  job.set(agent::k_why_trace_variable, "1");
  job.set("SLUICE_JOURNAL", "off");
  job.set("SLUICE_READ_ONLY", "true");
  job.set("SLUICE_QUIET", "true");
  job.set("SLUICE_VERIFY", "0%");
  job.set("SLUICE_VERIFY_TESTS", "0%");
  job.unset("SLUICE_SUMMARY");
  job.unset("SLUICE_SESSION");
  return job;
}

Result<void> select_traced(TraceExplanation& traced, const TraceRequest& request) {
  const auto& patterns = request.patterns;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::vector<std::string> one = {patterns[i]};
    const auto is_meant = [&one](const TracedPackage& package) {
      return matches(package.package, one);
    };
    if (std::ranges::any_of(traced.packages, is_meant)) continue;
    std::vector<std::string> names;
    for (const TracedPackage& package : traced.packages) {
      if (package.package.find('.') != std::string::npos) names.push_back(package.package);
    }
    return fail(Code::invalid, fmt::format("no package {} in what was traced; it has {}",
                                           printable(request.words[i]),
                                           names.empty() ? "none" : some_of(names, 0)));
  }
  std::set<std::string> made;
  for (const auto& package : request.explanation.packages) {
    if (!package.is_hit()) made.insert(package.package);
  }
  std::set<std::string> ran;
  for (const auto& test : request.explanation.tests) {
    if (!test.is_hit()) ran.insert(test.package);
  }
  const auto is_other = [&patterns](const std::string& package,
                                    const std::set<std::string>& named) {
    return patterns.empty() ? !named.contains(package) : !matches(package, patterns);
  };
  std::erase_if(traced.packages,
                [&](const TracedPackage& package) { return is_other(package.package, made); });
  std::erase_if(traced.tests,
                [&](const TracedTestWhy& why) { return is_other(why.test.package, ran); });
  std::erase_if(traced.tests_without_log,
                [&](const std::string& package) { return is_other(package, ran); });
  return {};
}

std::string why_trace_text(const TraceRequest& request, const Rerun& rerun, const TraceRun& run,
                           const TraceExplanation& traced) {
  const gotool::HashCounts& counts = run.counts;
  std::string text = header_text(request.explanation.job, request.explanation.commands);
  text += fmt::format("traced: go {} ({})\n", printable(join(rerun.words, " ")),
                      insight::seconds_text(static_cast<std::uint64_t>(run.took.count())));
  text += fmt::format("go made {} hashes, {} proven; {} subkeys, {} proven ({} of text)\n",
                      counts.hashes, counts.hashes_proven, counts.subkeys, counts.subkeys_proven,
                      format_size(counts.bytes));
  if (run.is_cut) text += "it was more than is kept: name fewer packages in the command\n";
  if (!traced.packages.empty()) text += "\n";
  for (std::size_t i = 0; i < traced.packages.size() && i < k_packages_shown; ++i) {
    text += package_text(traced.packages[i]);
  }
  if (traced.packages.size() > k_packages_shown) {
    text += fmt::format("and {} packages more: name some, or --json\n",
                        traced.packages.size() - k_packages_shown);
  }
  const bool has_tests = !traced.tests.empty() || !traced.tests_without_log.empty();
  if (has_tests) text += "\ntests\n";
  for (std::size_t i = 0; i < traced.tests.size() && i < k_packages_shown; ++i) {
    text += test_text(request, traced.tests[i]);
  }
  if (traced.tests.size() > k_packages_shown) {
    text += fmt::format("and {} tests more\n", traced.tests.size() - k_packages_shown);
  }
  if (!traced.tests_without_log.empty()) {
    text += fmt::format("no log of an earlier run was found, so go hashed no inputs before: {}\n",
                        some_of(traced.tests_without_log, 0));
  }
  if (traced.packages.empty() && !has_tests) {
    text += "\nthe job compiled nothing, and no test ran: name packages to see their keys\n";
  }
  return text;
}

Json why_trace_json(const TraceRequest& request, const Rerun& rerun, const TraceRun& run,
                    const TraceExplanation& traced) {
  JsonArray packages;
  for (const TracedPackage& package : traced.packages) packages.push_back(package_json(package));
  JsonArray tests;
  for (const TracedTestWhy& test : traced.tests) tests.push_back(test_json(test));
  const gotool::HashCounts& counts = run.counts;
  return JsonObject{{"job", request.explanation.job.id},
                    {"uid", request.explanation.job.uid},
                    {"words", json_of(rerun.words)},
                    {"directory", rerun.directory.native()},
                    {"duration_us", run.took.count()},
                    {"exit_status", run.status.shell_code()},
                    {"trace", JsonObject{{"bytes", counts.bytes},
                                         {"lines", counts.lines},
                                         {"hashes", counts.hashes},
                                         {"hashes_proven", counts.hashes_proven},
                                         {"subkeys", counts.subkeys},
                                         {"subkeys_proven", counts.subkeys_proven},
                                         {"files", counts.files},
                                         {"complete", !run.is_cut}}},
                    {"packages", std::move(packages)},
                    {"tests", std::move(tests)},
                    {"tests_without_log", json_of(traced.tests_without_log)}};
}

int run_why_trace(const Setup& setup, const TraceRequest& request, const sys::Environment& env) {
  sys::ignore_write_signals();
  const auto rerun = choose_rerun(request.explanation);
  if (!rerun) return report(in_job(rerun.error(), request));
  if (const auto checked = check_place(*rerun, env); !checked) {
    return report(in_job(checked.error(), request));
  }
  say(fmt::format("why: tracing 'go {}' in {}{}", join(rerun->words, " "),
                  rerun->directory.native(),
                  rerun->runs_tests ? "; tests whose results are not kept run again" : ""));
  auto traced = trace(setup, *rerun, env);
  if (!traced) return report(in_job(std::move(traced).error(), request));
  if (traced->ending_signal != 0) sys::die_by_signal(traced->ending_signal);
  const sys::ExitStatus& status = traced->run.status;
  if (!status.success()) {
    say(status.signal != 0 ? fmt::format("why: go was ended by signal {}", status.signal)
                           : fmt::format("why: go ended with {}", status.code));
  }
  if (traced->run.counts.hashes == 0) {
    say("why: go printed no hashes");
    return k_exit_failure;
  }
  auto database = open_journal(setup);
  if (!database) return report(in_job(std::move(database).error(), request));
  auto explained =
      insight::explain_trace(*database, request.explanation, request.against, traced->actions);
  if (!explained) return report(in_job(std::move(explained).error(), request));
  if (const auto selected = select_traced(*explained, request); !selected) {
    return report(in_job(selected.error(), request));
  }
  print(request.json ? why_trace_json(request, *rerun, traced->run, *explained).dump() + "\n"
                     : why_trace_text(request, *rerun, traced->run, *explained));
  return status.success() ? 0 : k_exit_failure;
}

}  // namespace sluice::cli
