// Options, choices and examples of sluice's commands: what the table of commands.cpp is made of.
//
// Constant data: any thread.
#pragma once

#include "cli/commands.hpp"

#include <array>
#include <string_view>

namespace sluice::cli::words {

using Id = SettingId;

inline constexpr std::array k_job_settings = {
    Id::store,          Id::mode,         Id::read_only,
    Id::no_remote,      Id::drain,        Id::drain_timeout,
    Id::store_patience, Id::verify,       Id::publish_local,
    Id::trust_domain,   Id::quiet,        Id::link_cache,
    Id::test_results,   Id::verify_tests, Id::journal,
    Id::same_path,      Id::modules,      Id::keep_credentials,
};
// What a session that go starts by itself can use, and what decides which agent serves it.
inline constexpr std::array k_session_settings = {
    Id::store,          Id::read_only,    Id::no_remote,     Id::drain_timeout,
    Id::store_patience, Id::verify,       Id::publish_local, Id::trust_domain,
    Id::test_results,   Id::verify_tests, Id::journal,
};
inline constexpr std::array k_agent_settings = {
    Id::store,          Id::read_only,     Id::no_remote,    Id::drain_timeout,
    Id::store_patience, Id::publish_local, Id::trust_domain,
};
inline constexpr std::array k_tier_settings = {Id::trust_domain};
inline constexpr std::array k_gc_settings = {Id::store, Id::read_only, Id::trust_domain};
inline constexpr std::array k_mod_settings = {
    Id::store,         Id::read_only,    Id::drain_timeout, Id::store_patience,
    Id::publish_local, Id::trust_domain, Id::journal,
};

// Of all steps of a job: what a session can use, and how go reaches the cache.
inline constexpr std::array k_ci_settings = {
    Id::store,          Id::mode,         Id::read_only, Id::no_remote,  Id::drain_timeout,
    Id::store_patience, Id::verify,       Id::quiet,     Id::link_cache, Id::test_results,
    Id::publish_local,  Id::trust_domain, Id::journal,   Id::modules,
};

inline constexpr std::array k_save_settings = {Id::store, Id::read_only, Id::trust_domain};
inline constexpr std::array k_restore_settings = {Id::store, Id::trust_domain};

inline constexpr OptionSpec k_json = {"json", "", {}, "print JSON, for programs"};

inline constexpr std::array<std::string_view, 4> k_env_shells = {"sh", "fish", "github", "dotenv"};
inline constexpr std::array k_env_options = {
    OptionSpec{"shell", "KIND", k_env_shells,
               "the form of the lines: sh, fish, github or dotenv (default sh)"},
    OptionSpec{"write", "", {}, "write GOCACHEPROG with 'go env -w', for desks and IDEs"},
    OptionSpec{"unwrite", "", {}, "remove what --write wrote, and nothing else"},
    k_json,
};

inline constexpr std::array<std::string_view, 2> k_ci_actions = {"begin", "end"};
inline constexpr std::array k_ci_options = {
    OptionSpec{"shell", "KIND", k_env_shells,
               "begin: print lines for sh, fish, github or dotenv (default: what the job takes)"},
    OptionSpec{"hold", "TIME", {}, "begin: the agent may be unused for so long (default 15m)"},
    OptionSpec{"file", "FILE", {}, "end: add the report to this file"},
    k_json,
};

inline constexpr std::array<std::string_view, 2> k_journal_actions = {"merge", "path"};
inline constexpr std::array<std::string_view, 3> k_agent_actions = {"status", "wait", "stop"};
inline constexpr std::array k_agent_options = {k_json};
inline constexpr std::array<std::string_view, 1> k_mod_actions = {"restore"};
inline constexpr std::array k_mod_options = {k_json};

inline constexpr std::array k_save_options = {
    OptionSpec{"path", "PATH...", {}, "a directory or a file to keep; may be given again", true},
    OptionSpec{"key", "KEY", {}, "the name of this state, with {hash:FILE} and others in it"},
    OptionSpec{
        "exclude", "GLOB...", {}, "what is left out, such as *.log or debug/incremental", true},
    k_json,
};
inline constexpr std::array k_restore_options = {
    OptionSpec{"path", "PATH...", {}, "what to bring back, as it was given to save", true},
    OptionSpec{"key", "KEY", {}, "the state that is wanted, with {hash:FILE} and others in it"},
    OptionSpec{"fallback", "KEY...", {}, "where it is not there: a key, or how one begins", true},
    OptionSpec{"exclude", "GLOB...", {}, "what is not brought back", true},
    OptionSpec{"replace", "", {}, "take the place of what is there already"},
    k_json,
};

// Which store is said by the variable or a file: --store chooses a part of the examination here.
inline constexpr std::array k_doctor_settings = {Id::read_only, Id::trust_domain};
inline constexpr std::array k_doctor_options = {
    OptionSpec{"files", "", {}, "examine the checkout's pipelines, and only what is named so"},
    OptionSpec{"environment", "", {}, "examine the environment, and only what is named so"},
    OptionSpec{"store", "", {}, "examine the store, and only what is named so"},
    k_json,
};

inline constexpr std::array<std::string_view, 5> k_init_systems = {"github", "gitlab", "jenkins",
                                                                   "buildkite", "generic"};
inline constexpr std::array k_init_options = {
    OptionSpec{"write", "", {}, "change the files; without it the change is only printed"},
    OptionSpec{"file", "FILE", {}, "the pipeline's file, where it is not the usual one"},
    OptionSpec{"action", "OWNER/REPO@REF", {}, "github: the action that brings and begins sluice"},
    k_json,
};

inline constexpr std::array<std::string_view, 5> k_stats_formats = {"text", "json", "prometheus",
                                                                    "openmetrics", "markdown"};
inline constexpr OptionSpec k_job = {
    "job", "JOB", {}, "the job: last, or its id or number as stats names it"};
inline constexpr std::array k_stats_options = {
    k_job,
    OptionSpec{"format", "FORMAT", k_stats_formats,
               "text, json, prometheus, openmetrics or markdown (default text)"},
    OptionSpec{"json", "", {}, "the same as --format json"},
    OptionSpec{"last", "N", {}, "compare with so many last jobs (default 10)"},
};
inline constexpr std::array k_report_options = {
    k_job,
    OptionSpec{"file", "FILE", {}, "add it to this file"},
};

inline constexpr std::array<std::string_view, 2> k_gc_places = {"local", "remote"};
inline constexpr std::array k_gc_options = {
    OptionSpec{"max-size", "SIZE", {}, "keep at most this much, such as 10GiB"},
    OptionSpec{"max-age", "TIME", {}, "remove what was not used for this long, such as 5d"},
    OptionSpec{"drop-scope",
               "PATTERN...",
               {},
               "remote: let go of scopes, such as pull-request:*:42",
               true},
    OptionSpec{"grace", "TIME", {}, "remote: longer than any job runs (default 24h)"},
    OptionSpec{"pack-live", "PERCENT", {}, "remote: rewrite packs less needed (default 25%)"},
    OptionSpec{"dry-run", "", {}, "say what would be removed, remove nothing"},
    OptionSpec{"force", "", {}, "local: remove also what was used in the last day"},
    k_json,
};

inline constexpr std::array k_fsck_options = {
    OptionSpec{"repair", "", {}, "mend what is wrong by dropping it"},
    k_json,
};
inline constexpr std::array<std::string_view, 3> k_clear_places = {"local", "remote", "all"};
inline constexpr std::array k_clear_options = {
    OptionSpec{"yes", "", {}, "do not ask"},
    OptionSpec{"dry-run", "", {}, "say what would be removed, remove nothing"},
    k_json,
};

inline constexpr std::array k_mtime_options = {
    OptionSpec{"dry-run", "", {}, "say what would be changed, change nothing"},
    k_json,
};

inline constexpr std::array k_why_options = {
    OptionSpec{"job", "JOB", {}, "a job of the journal, by number or name (default the last)"},
    OptionSpec{"against", "JOB", {}, "compare with this job, not with the nearest known"},
    OptionSpec{"trace", "", {}, "run the command again and take what go says that it hashes"},
    OptionSpec{"scope", "", {}, "say of each hit from which scope of the store it came"},
    k_json,
};

inline constexpr std::array k_trace_options = {
    OptionSpec{"region", "NAME", {}, "the regions of this name (default cache.Invalidate)"},
    k_json,
};

inline constexpr std::array k_journal_options = {k_json};
inline constexpr std::array<std::string_view, 4> k_key_actions = {"new", "trust", "list", "revoke"};
inline constexpr std::array k_key_options = {
    OptionSpec{"file", "FILE", {}, "write the private key there, for a CI system's secrets"},
    k_json,
};
inline constexpr std::array k_version_options = {k_json};
inline constexpr std::array<std::string_view, 3> k_shells = {"bash", "zsh", "fish"};

inline constexpr std::array k_go_examples = {
    Example{"sluice go build ./...", "Build with the cache of this machine and the default store."},
    Example{"sluice go --store file:///mnt/ci-cache test ./...",
            "Test with a store on a shared disk."},
    Example{"sluice go --verify 5% build ./...", "Rebuild one hit of twenty and compare."},
};
inline constexpr std::array k_test_options = {
    OptionSpec{
        "class", "NAME,...", {}, "only tests of these classes (unit, integration, e2e, ...)"},
    OptionSpec{
        "filter", "EXPR", {}, "only tests of which this is true: test(TestDB*) & !class(e2e)"},
    OptionSpec{"rerun-failed", "", {}, "only tests that failed when they ran last here"},
    OptionSpec{"shard", "I/N", {}, "only this machine's share of the tests"},
    OptionSpec{"plan", "FILE", {}, "which share is whose; --shard plan/N writes it"},
    OptionSpec{"parallel", "HOW", {}, "how many at once: auto, fixed=N, go or threshold"},
    OptionSpec{"explain-schedule", "", {}, "say why each package starts when it does"},
    OptionSpec{"junit", "FILE", {}, "write what became of each test there, as JUnit XML"},
    OptionSpec{"retries",
               "N",
               {},
               "run a test that failed up to so many times more (default: as its class says)"},
    OptionSpec{"slowest", "N", {}, "name so many tests that took longest"},
};
inline constexpr std::array<std::string_view, 1> k_advice = {"parallelism"};
inline constexpr std::array k_advise_options = {
    OptionSpec{"parallel", "HOW", {}, "auto (default), fixed=N, go or threshold"},
    OptionSpec{"now", "N", {}, "tasks that run now (default: as many as processors)"},
    OptionSpec{"slots", "N", {}, "at most so many"},
    OptionSpec{"cpu", "PERCENT", {}, "of all processors in use now (default: measured)"},
    OptionSpec{"cores", "N", {}, "processors that there are (default: this machine's)"},
    OptionSpec{"memory", "SIZE", {}, "that there is (default: this machine's)"},
    OptionSpec{"free-memory", "SIZE", {}, "that could still be had (default: measured)"},
    OptionSpec{"task-cores", "N", {}, "processors that a task takes (default 1)"},
    OptionSpec{"task-memory", "SIZE", {}, "memory that a task takes (default 0)"},
    k_json,
};
inline constexpr std::array k_advise_examples = {
    Example{"sluice advise parallelism --json", "For this machine as it is now."},
    Example{"sluice advise parallelism --parallel threshold --now 4 --slots 8 --cpu 62%",
            "The classic rule for another one."},
};
inline constexpr std::array k_test_examples = {
    Example{"sluice test ./...", "The tests, each as soon as it is linked, longest first."},
    Example{"sluice test -race -run 'TestParse' ./parser/...", "go test's own flags."},
    Example{"sluice test --class integration ./...", "Those of one class, as a stage of CI does."},
    Example{"sluice test ./... --shard 2/5", "The second of five machines."},
    Example{"sluice test ./... --parallel fixed=4 --explain-schedule",
            "Four packages at once, and why each started when it did."},
};
inline constexpr std::array k_run_examples = {
    Example{"sluice run -- make test", "Everything that make starts uses one cache."},
    Example{"sluice run -- go generate ./...", "The go commands of generators, too."},
};
inline constexpr std::array k_cacheprog_examples = {
    Example{"GOCACHEPROG=\"sluice cacheprog\" go build ./...",
            "Plain go, with sluice as its cache."},
};
inline constexpr std::array k_env_examples = {
    Example{"eval \"$(sluice env)\"", "From now on plain go in this shell uses the cache."},
    Example{"sluice env --shell github >> \"$GITHUB_ENV\"",
            "The same for the later steps of a job."},
    Example{"sluice env --write", "The same for every go of this user, editors included."},
};
inline constexpr std::array k_ci_examples = {
    Example{"sluice ci begin", "On GitHub Actions: the later steps use the cache."},
    Example{"eval \"$(sluice ci begin)\"", "Elsewhere: the later commands of this shell do."},
    Example{"sluice ci end", "Wait for uploads, write the report, end the agent."},
};
inline constexpr std::array k_agent_examples = {
    Example{"sluice agent status", "What the job's agent has done so far."},
    Example{"sluice agent wait", "Wait until everything is uploaded."},
    Example{"sluice agent stop", "Finish the upload and end the agent."},
};
inline constexpr std::array k_mod_examples = {
    Example{"sluice mod restore", "Bring what the build list needs, before tools without sluice."},
    Example{"sluice mod restore --json", "The same, and the numbers for a program."},
};
inline constexpr std::array k_save_examples = {
    Example{"sluice save cargo --path target --key '{triple}-{hash:Cargo.lock}'",
            "Keep cargo's target directory."},
    Example{"sluice save npm --path node_modules --key '{hash:package-lock.json}' --exclude .cache",
            "Keep what npm installed, without its scratch files."},
};
inline constexpr std::array k_restore_examples = {
    Example{"sluice restore cargo --path target --key '{triple}-{hash:Cargo.lock}' --fallback "
            "'{triple}-'",
            "The same state, or else the newest of this target."},
};
inline constexpr std::array k_stats_examples = {
    Example{"sluice stats", "The numbers of this CI job, at a desk of the last command."},
    Example{"sluice stats --job last --json", "The same of the last job, for a program."},
    Example{"sluice stats --format prometheus > sluice.prom", "For a textfile collector."},
};
inline constexpr std::array k_report_examples = {
    Example{"sluice report", "On GitHub Actions: add the summary to the page of the job."},
    Example{"sluice report --file sluice.md", "Elsewhere: into a file, for an artifact."},
};
inline constexpr std::array k_doctor_examples = {
    Example{"sluice doctor", "What makes this pipeline miss, and the store as this job sees it."},
    Example{"sluice doctor --files --environment", "No network: for a hook before a commit."},
    Example{"SLUICE_STORE=s3://bucket/ci sluice doctor --json", "Another store, for a program."},
};
inline constexpr std::array k_init_examples = {
    Example{"sluice init github", "What would be changed in the workflows, as a diff."},
    Example{"sluice init gitlab --write", "Change .gitlab-ci.yml."},
    Example{"sluice init generic --file build.sh --write", "A script that is the job."},
};
inline constexpr std::array k_gc_examples = {
    Example{"sluice gc --max-size 20GiB --max-age 14d", "Keep the local tier within both bounds."},
    Example{"sluice gc --max-size 20GiB --dry-run", "Only say what that would remove."},
    Example{"sluice gc remote --max-size 500GiB", "The store, once a night, from anywhere."},
    Example{"sluice gc remote --drop-scope 'pull-request:*:42'", "A pull request was merged."},
};
inline constexpr std::array k_fsck_examples = {
    Example{"sluice fsck", "Read everything in the store and say what is wrong."},
    Example{"sluice fsck --repair --json", "Mend it too, for a program."},
};
inline constexpr std::array k_clear_examples = {
    Example{"sluice clear local --yes", "This machine's cache, without a question."},
    Example{"sluice clear remote --trust-domain fork --dry-run", "What the forks have stored."},
};
inline constexpr std::array k_mtime_examples = {
    Example{"sluice mtime && go test ./...", "Let go alone reuse test results in a fresh clone."},
};
inline constexpr std::array k_why_examples = {
    Example{"sluice why", "What made the last command compile and test, by cause."},
    Example{"sluice why ./cmd/...", "The same of some packages, each with its way to the cause."},
    Example{"sluice why --job 12 --against 9 --json", "Two jobs compared, for a program."},
    Example{"sluice why --trace ./cmd/server", "Its keys and inputs in go's own words."},
    Example{"sluice why --scope", "From which branch, commit or pull request each hit came."},
};
inline constexpr std::array k_trace_examples = {
    Example{"sluice trace trace.out", "Invalidations and the garbage collector, by reason."},
    Example{"sluice trace --region db.Query --json trace.out", "Other regions, for a program."},
};
inline constexpr std::array k_journal_examples = {
    Example{"cp \"$(sluice journal path)\" box.db", "The journal as a file, to take elsewhere."},
    Example{"sluice journal merge box.db ci.db", "Add what other machines have done."},
};
inline constexpr std::array k_key_examples = {
    Example{"sluice key new --file ci.pem", "A key for the CI system: its secret, and a line."},
    Example{"sluice key list", "Whose results are believed here, and who signs."},
    Example{"sluice key revoke 0123456789abcdef", "What that key has signed is not believed."},
};
inline constexpr std::array k_version_examples = {
    Example{"sluice version", "The version, for a bug report."},
};
inline constexpr std::array k_completion_examples = {
    Example{"source <(sluice completion bash)", "Completion in this bash."},
    Example{"sluice completion zsh > ~/.zfunc/_sluice",
            "Completion for zsh, from a directory of fpath."},
    Example{"sluice completion fish > ~/.config/fish/completions/sluice.fish", "For fish."},
};
inline constexpr std::array k_isolation_options = {
    OptionSpec{"isolated", "", {}, "its own local tier, TMPDIR, GOBIN and agent"},
};

inline constexpr std::array k_man_options = {
    OptionSpec{"directory", "DIR", {}, "write every page into this directory, as sluice-NAME.1"},
};

inline constexpr std::array k_isolation_examples = {
    Example{"sluice job --isolated -- make ci", "A job beside others on one host."},
};

inline constexpr std::array k_man_examples = {
    Example{"sluice man go | man -l -", "Read the manual page of 'sluice go'."},
    Example{"sluice man > sluice.1", "The page of sluice itself, as a file."},
};
inline constexpr std::array k_help_examples = {
    Example{"sluice help go", "What 'sluice go' does and takes."},
};

}  // namespace sluice::cli::words
