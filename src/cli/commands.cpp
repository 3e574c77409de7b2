#include "cli/commands.hpp"

#include "cli/command_words.hpp"

#include <array>

namespace sluice::cli {

namespace {

using namespace words;

constexpr std::array<CommandSpec, 28> k_commands = {{
    {CommandId::go,
     "go",
     "[SETTING...] GO-ARGUMENT...",
     "run a go command with the cache behind it",
     CommandGroup::work,
     k_job_settings,
     {},
     {},
     Tail::go_words,
     "Runs go with exactly the arguments given and lets it take from the cache what this or "
     "another machine already made. Exit status, standard input, signals and output are go's "
     "own; 127 means that there is no go, 126 that it cannot be executed. Settings of sluice stand "
     "before go's sub-command; everything from there on is go's and is not looked at.\n\n"
     "After the command one line on standard error says how many lookups there were, how they "
     "were answered, what was transferred and how long go waited. Whatever goes wrong with the "
     "cache is a miss and never fails the command.\n\n"
     "A sub-command with nothing to cache (env, version, mod, fmt and the like) is run with "
     "nothing added. Where GOCACHEPROG is set to another program, that program is respected and "
     "sluice steps aside. SLUICE=off does the same by hand. Where the local tier is "
     "not go's own directory (another trust domain, a store that only the checkout names) even a "
     "sub-command with nothing to cache gets it as GOCACHE.",
     k_go_examples},
    {CommandId::test,
     "test",
     "[SETTING...] [--class NAME,...] [--filter EXPR] [--rerun-failed] [--shard I/N [--plan FILE]] "
     "[--parallel HOW] [--explain-schedule] [--retries N] [--junit FILE] [--slowest N] "
     "GO-TEST-ARGUMENT...",
     "run tests as go test does, each as soon as it can be run",
     CommandGroup::work,
     k_job_settings,
     k_test_options,
     {},
     Tail::test_words,
     "Takes the words of 'go test' and says what it says: the same text, the same -json, the same "
     "exit status. go builds and vets; a package's tests start as soon as its program is linked, "
     "the longest first by what they took before, and as many at once as the machine has "
     "processors and memory for. Results are kept under go's own keys, so that 'go test' finds "
     "them, and the other way round. 127 means that there is no go, 126 that it cannot be "
     "executed.\n\n"
     "--parallel says how many run at once. auto follows the machine: it starts what is expected "
     "to fit, measures, and corrects; where memory gets short it ends the youngest and runs it "
     "again. fixed=N is always N, go what go test would do. threshold is the classic rule: one "
     "less where the processors are in use to more than 85% or less than 2048 MiB are free, else "
     "one more, every 30s; threshold=cpu:85%,memory:2GiB,slots:8,every:30s sets all four. A plain "
     "number is go's own -parallel.\n\n"
     "--retries runs each test that failed again, alone, when all else has ended. One that passes "
     "then is flaky: it is named, and its package passes. After a data race, or where more than 10 "
     "tests or 20% of them failed, nothing is run again.\n\n"
     "With --junit, --retries and --slowest each test tells what it does, as with -json: "
     "testing.Verbose() is true for them, and results are those that go keeps for -json. The text "
     "stays that of go test without -v, but of a package that fails only what belongs to tests "
     "that failed. On GitHub Actions failures become annotations.\n\n"
     "What only go can do is left to it whole: -bench, -fuzz, -c, -exec, profiles, files in place "
     "of packages, no package at all, another GOOS or GOARCH. The settings and flags of sluice may "
     "stand anywhere before -args.",
     k_test_examples},
    {CommandId::advise,
     "advise",
     "parallelism [--parallel HOW] [--now N] [--slots N] [--cpu PERCENT] [--cores N] "
     "[--memory SIZE] [--free-memory SIZE] [--task-cores N] [--task-memory SIZE] [--json]",
     "say how many tasks should run at once, for another scheduler",
     CommandGroup::work,
     {},
     k_advise_options,
     OperandSpec{"WHAT", k_advice, true, false, false, false},
     Tail::none,
     "The strategies by which 'sluice test' runs tests, for whoever starts tasks by other means: "
     "job slots of Flink or Spark, a matrix of CI, a make. What is not said is measured on this "
     "machine, over a second: processors by affinity and quota, memory by the tightest limit, what "
     "of both is in use.\n\n"
     "auto answers how many fit beside what runs. threshold takes one step from --now: one less "
     "where more than 85 % of the processors are in use or less than 2048 MiB are free, else one "
     "more, up to --slots; other figures as with 'sluice test --parallel'.",
     k_advise_examples},
    {CommandId::run,
     "run",
     "[SETTING...] -- COMMAND [ARGUMENT...]",
     "run any command whose go commands share the cache",
     CommandGroup::work,
     k_job_settings,
     {},
     {},
     Tail::command_words,
     "Runs a command with GOCACHEPROG, GOLANGCI_LINT_CACHEPROG and GOCACHE set, so that every go "
     "it starts, at whatever depth, uses one cache and one agent. Exit status, standard input, "
     "signals and output are the command's own; 127 means that the command was not found, 126 that "
     "it cannot be executed.",
     k_run_examples},
    {CommandId::job,
     "job",
     "[SETTING...] [--isolated] -- COMMAND [ARGUMENT...]",
     "run a whole job, apart from others on the machine, and say what it leaves behind",
     CommandGroup::work,
     k_job_settings,
     k_isolation_options,
     {},
     Tail::command_words,
     "Runs a command as 'sluice run' does. When it has ended, processes that it started and left "
     "running are named, with the ports that they listen on, and ended.\n\n"
     "--isolated gives the job its own local tier over the shared one, TMPDIR, GOBIN (first in "
     "PATH) and agent: it sees nothing that other jobs have not finished, and takes nothing from "
     "them. What it made is put into the shared tier, verified, when it has ended; all else that "
     "was its own is removed. The module cache stays where it is: its path is in go's keys.\n\n"
     "Exit status, standard input, signals and output are the command's own; 127 means that the "
     "command was not found, 126 that it cannot be executed.",
     k_isolation_examples},
    {CommandId::cacheprog,
     "cacheprog",
     "[SETTING...]",
     "be the GOCACHEPROG of one go command",
     CommandGroup::work,
     k_session_settings,
     {},
     {},
     Tail::none,
     "Speaks Go's GOCACHEPROG protocol on standard input and output. 'sluice go' and 'sluice "
     "run' set it by themselves; it is for those who set GOCACHEPROG by hand.",
     k_cacheprog_examples},
    {CommandId::env,
     "env",
     "[SETTING...] [--shell KIND | --write | --unwrite] [--json]",
     "print the variables that make plain go use the cache",
     CommandGroup::work,
     k_session_settings,
     k_env_options,
     {},
     Tail::none,
     "Prints GOCACHEPROG, GOLANGCI_LINT_CACHEPROG and GOCACHE as lines for a shell, for the file "
     "of GITHUB_ENV or for a .env file, and SLUICE_STORE where GOCACHE named the store. Settings "
     "given here become part of GOCACHEPROG, as far as a cache program can use them.\n\n"
     "--write writes GOCACHEPROG with 'go env -w' instead, so that editors and every shell of "
     "this user have it; a GOCACHEPROG of another program is left alone. --unwrite takes it back.",
     k_env_examples},
    {CommandId::ci, "ci",
     "begin|end [SETTING...] [--shell KIND] [--hold TIME] [--file FILE] [--json]",
     "put the cache around all steps of a CI job", CommandGroup::work, k_ci_settings, k_ci_options,
     OperandSpec{"ACTION", k_ci_actions, true, false}, Tail::none,
     "begin starts the job's agent and hands the later steps what they need so that plain go, and "
     "whatever starts go, uses the cache: on GitHub Actions through GITHUB_ENV, elsewhere as lines "
     "for the shell. For Go before 1.24, or with --mode restore, it fills GOCACHE. The agent stays "
     "until end, or until it was unused for the time of --hold.\n\n"
     "end waits for uploads, at most for the drain timeout, keeps what is new, writes the report "
     "as 'sluice report' does and ends the agents of the job. It may run in another shell.\n\n"
     "Neither fails a job: a store that is down is one line, and the exit status is 0, but 2 for "
     "wrong words and settings. Either may run again, and end without begin.",
     k_ci_examples},
    {CommandId::agent, "agent", "[SETTING...] status|wait|stop [--json]",
     "look at, wait for or end the agent of this job", CommandGroup::care, k_agent_settings,
     k_agent_options, OperandSpec{"ACTION", k_agent_actions, true, false}, Tail::none,
     "One agent serves every go command of a job: it holds the index and the connections and "
     "uploads behind the build. It starts by itself and ends by itself. status prints what it "
     "has done, wait returns when everything is uploaded or the drain timeout has passed, stop "
     "does the same and ends it.\n\n"
     "All agents of the job are meant. --store, --no-remote, --read-only, --publish-local and "
     "--trust-domain choose the one that they lead to.",
     k_agent_examples},
    {CommandId::mod, "mod", "restore [SETTING...] [--json]",
     "bring the modules of the build list from the store", CommandGroup::work, k_mod_settings,
     k_mod_options, OperandSpec{"ACTION", k_mod_actions, true, false}, Tail::none,
     "restore brings the modules that go.mod, go.work and go.sum of this directory name and the "
     "module cache lacks, as far as the store has them. Each is checked against go.sum before go "
     "can see it, and put under go's own lock, so that go commands may run meanwhile. `sluice go` "
     "and `sluice run` do the same before their command, and keep in the store what is there after "
     "it. What the store has not, or what does not come, is left for go to fetch: the exit status "
     "is 0.",
     k_mod_examples},
    {CommandId::save, "save",
     "NAME [SETTING...] --path PATH... --key KEY [--exclude GLOB...] [--json]",
     "keep directories in the store", CommandGroup::work, k_save_settings, k_save_options,
     OperandSpec{"NAME", {}, true, false, true}, Tail::none,
     "Keeps what lies at each PATH as a snapshot: files, modes, times to the nanosecond, symbolic "
     "and hard links, holes. Files are cut where their content says so and each piece is stored "
     "once, so that a state which is like an earlier one costs what differs. It is found by NAME "
     "and KEY from the scopes of this job: its commit, pull request and branch.\n\n"
     "In a KEY, {hash:GLOB,...} stands for what files contain, {env:NAME} for a variable, {os}, "
     "{arch}, {go}, {goos}, {goarch}, {cgo}, {rustc} and {triple} for this machine and its tools; "
     "{{ is a brace.\n\n"
     "A store that is down costs the snapshot and not the job: the exit status is 0.",
     k_save_examples},
    {CommandId::restore, "restore",
     "NAME [SETTING...] --path PATH... --key KEY [--fallback KEY...] [--exclude GLOB...] "
     "[--replace] [--json]",
     "bring directories back from the store", CommandGroup::work, k_restore_settings,
     k_restore_options, OperandSpec{"NAME", {}, true, false, true}, Tail::none,
     "Brings back what `sluice save` kept under NAME and KEY; where that is not there, what a "
     "fallback names: a key, or the beginning of one. The best scope that has it answers: this "
     "commit, its parent, the pull request, the branch, the base branch, the default branch.\n\n"
     "Every PATH appears at once and whole, or nothing is changed. A directory that is not empty, "
     "and a file that is there, stay as they are unless --replace is given. The exit status is 0 "
     "also where there is no such snapshot or the store is down; --json says which it was.",
     k_restore_examples},
    {CommandId::stats,
     "stats",
     "[SETTING...] [--job JOB] [--format FORMAT | --json] [--last N]",
     "print the numbers of a job: hit rate, bytes, waits, time saved",
     CommandGroup::care,
     k_tier_settings,
     k_stats_options,
     {},
     Tail::none,
     "Computes the numbers of one job from the journal: lookups by kind, scope and answer, bytes, "
     "waits, packages, why results were missing, and the time saved: the sum of the durations that "
     "were recorded when the results were made, with how many that are and what is left out. "
     "Nothing is estimated. Without --job it is the CI job that this command runs in, else the "
     "last command of this machine.",
     k_stats_examples},
    {CommandId::report,
     "report",
     "[SETTING...] [--job JOB] [--file FILE]",
     "write the summary of a job where its CI system shows it",
     CommandGroup::care,
     k_tier_settings,
     k_report_options,
     {},
     Tail::none,
     "Writes what was saved, the top causes of misses and how hit rate and time compare with the "
     "median of the last ten jobs of the same name and branch, as Markdown: to the end of FILE, "
     "else of the file that GITHUB_STEP_SUMMARY names, else to standard output. The exit status "
     "does not depend on the numbers.",
     k_report_examples},
    {CommandId::doctor, "doctor",
     "[SETTING...] [--files] [--environment] [--store] [--json] [DIRECTORY]",
     "find what makes a pipeline miss, and examine the store", CommandGroup::care,
     k_doctor_settings, k_doctor_options, OperandSpec{"DIRECTORY", {}, false, false}, Tail::none,
     "Reads the files of the checkout that describe pipelines (workflows of GitHub, "
     ".gitlab-ci.yml, Jenkinsfiles, Makefiles, scripts of the root and of ci, .ci, scripts and "
     "hack) and the environment that go would run in, and says what makes it miss its cache: "
     "where, why, and a line that mends it. Nothing is run and nothing is changed.\n\n"
     "Then it asks the store a few times and says how far away it is, how fast, what this job may "
     "do there, which conditional writes it honours and how far the clocks are apart. It writes, "
     "reads and removes two objects of its own, 8 MiB in all, below v1/doctor/ of the trust "
     "domain; with --read-only it writes nothing.\n\n"
     "--files, --environment and --store choose parts. The exit status is 1 where something "
     "misses or may miss, or where a job could not use the store; notes alone leave it 0.",
     k_doctor_examples},
    {CommandId::init,
     "init",
     "github|gitlab|jenkins|buildkite|generic [--file FILE] [--action OWNER/REPO@REF] [--write] "
     "[--json]",
     "put the cache into a pipeline's file",
     CommandGroup::care,
     {},
     k_init_options,
     OperandSpec{"SYSTEM", k_init_systems, true, false},
     Tail::none,
     "Prints, as a diff for 'git apply', the lines that put 'sluice ci begin' and 'sluice ci end' "
     "around the jobs of a pipeline that start go; --write changes the file. Nothing but whole "
     "lines is put in: comments and layout stay. What is there already is not put in again.\n\n"
     "github changes .github/workflows, or FILE; gitlab .gitlab-ci.yml; jenkins a declarative "
     "Jenkinsfile; buildkite the hooks pre-command and pre-exit in .buildkite/hooks; generic the "
     "shell script FILE.\n\n"
     "A file that cannot be changed so is left alone: one line names the place, and the exit "
     "status is 2.",
     k_init_examples},
    {CommandId::gc, "gc",
     "[SETTING...] [local|remote] [--max-size SIZE] [--max-age TIME] [--drop-scope PATTERN...] "
     "[--grace TIME] [--pack-live PERCENT] [--dry-run] [--force] [--json]",
     "keep the local tier or the store within a size and an age", CommandGroup::care, k_gc_settings,
     k_gc_options, OperandSpec{"PLACE", k_gc_places, false, false}, Tail::none,
     "Without a word, or with local: removes what was not used for the longest time from the local "
     "tier (GOCACHE) until it is within the bounds. What was used in the last day stays unless "
     "--force is given. Go's own trimming goes on working beside it, and go commands may run "
     "meanwhile.\n\n"
     "remote: lets go of the scopes (branches, pull requests, commits) that were not written for "
     "--max-age (default 7d), that --drop-scope names, and of the oldest while the others need "
     "more than --max-size; then removes from the store what nothing leads to any more. An object "
     "goes only when two runs at least --grace apart (default 24h) both found it so: run it every "
     "night. Jobs may run meanwhile as long as none takes longer than --grace. Of packs of which "
     "less than --pack-live is needed (default 25%, 0: never) the needed part is copied into new "
     "ones; what is signed is rewritten only with the signing key. Every trust domain "
     "that this user may write is collected, or the one that --trust-domain names.\n\n"
     "The exit status is 1 where something resisted or another collector was at work.",
     k_gc_examples},
    {CommandId::fsck,
     "fsck",
     "[SETTING...] [--repair] [--json]",
     "check every object of the store",
     CommandGroup::care,
     k_gc_settings,
     k_fsck_options,
     {},
     Tail::none,
     "Reads every object of the store and compares its SHA-256 with its name, and its ETag with "
     "its bytes where the store's ETags are those of the bytes; then follows every head to its "
     "manifests and every manifest to its packs and blobs, and says what is gone. Every trust "
     "domain is checked, or the one that --trust-domain names. Jobs may run meanwhile.\n\n"
     "--repair drops what is wrong: damaged objects, and of heads and manifests what leads to "
     "nothing. What was dropped is a miss, and the next job that makes it brings it anew. What is "
     "signed stays as it is.\n\n"
     "The exit status is 0 where all is right, 1 where something was wrong, mended or not.",
     k_fsck_examples},
    {CommandId::clear, "clear", "[SETTING...] local|remote|all [--yes | --dry-run] [--json]",
     "empty the local tier, the store's trust domain, or both", CommandGroup::care, k_gc_settings,
     k_clear_options, OperandSpec{"PLACE", k_clear_places, true, false}, Tail::none,
     "local: removes everything from the local tier, the link cache and the copies of indexes of "
     "this user; fuzzing's corpora and the journal stay. remote: removes everything that the trust "
     "domain (trusted, or what --trust-domain names) has in the store; what is not sluice's stays. "
     "It asks on a terminal, and elsewhere wants --yes. The next jobs miss and build; nothing else "
     "is lost.",
     k_clear_examples},
    {CommandId::mtime,
     "mtime",
     "[--dry-run] [--json]",
     "give tracked files times that are made of their content",
     CommandGroup::care,
     {},
     k_mtime_options,
     {},
     Tail::none,
     "For a go without sluice, which keeps test results under the times of what the tests read: "
     "every file that git tracks in this work tree, and every directory with nothing untracked in "
     "it, gets a modification time between 1980 and 2023 that is made of its content. The same "
     "content has the same time in every clone. Symbolic links are not followed, .git is not "
     "touched, modified files are hashed. The times have no order: make and other tools that "
     "compare times may do too much or too little afterwards. `sluice go test` needs none of it.",
     k_mtime_examples},
    {CommandId::why,
     "why",
     "[--job JOB] [--against JOB] [--trace | --scope] [--json] [PACKAGE...]",
     "say why packages were compiled and tests were run",
     CommandGroup::care,
     {},
     k_why_options,
     OperandSpec{"PACKAGE", {}, false, false, false, true},
     Tail::none,
     "Reads the journal of this machine and what other machines have told through the store, and "
     "names for each package that was compiled, and each test that ran, what differs from the "
     "nearest earlier time: a file, a flag, a module, the Go version, a dependency and its own "
     "cause. One cause with all that it made go compile is one entry. At a desk a command is a "
     "job, in CI all commands of a CI job are one.\n\n"
     "A cause is a fact when the inputs recompute to go's own key; else it says 'not proven'.\n\n"
     "--trace runs the job's last go build, test, vet or install again, in its directory, with "
     "GODEBUG=gocachehash=1, recomputes each hash that go prints and compares with the journal. An "
     "install is traced as a build, nothing is written but to the local tier, and what is cached "
     "is not made again; tests whose results are not kept run again. What go and tests print goes "
     "to standard error. The exit status is 1 where go fails.\n\n"
     "--scope is about hits: the scope of the store's index that has each of them (commit, parent, "
     "pull request, branch, base branch, default branch, or one of the key tiers L1 and L2).",
     k_why_examples},
    {CommandId::trace,
     "trace",
     "[--region NAME] [--json] FILE",
     "say how much of a program's regions was during garbage collection",
     CommandGroup::care,
     {},
     k_trace_options,
     OperandSpec{"FILE", {}, true, false, true},
     Tail::none,
     "Reads a runtime trace, written by runtime/trace or 'go test -trace', through 'go tool trace' "
     "and lays the collector's work over the regions of one name: the mark phase, the stops of "
     "the world, and the mark assists and sweeps of the region's own goroutine. It says for each "
     "reason how much of the regions' time that was, and how much of the collection's time was "
     "during the regions.\n\n"
     "A region belongs to NAME when its type is NAME, NAME:REASON or NAME/REASON. Without a reason "
     "in the type it is what the program said inside of the region with "
     "trace.Log(ctx, \"reason\", REASON). Regions that ran at once are summed, and shown by the "
     "clock as well.\n\n"
     "The exit status is 2 for a file that is no whole trace of a known version, 1 where go is "
     "missing, older than the trace, or fails.",
     k_trace_examples},
    {CommandId::journal,
     "journal",
     "merge|path [--json] [FILE...]",
     "add other machines' journals to this one, and say where it is",
     CommandGroup::care,
     {},
     k_journal_options,
     OperandSpec{"ACTION", k_journal_actions, true, false, false, true},
     Tail::none,
     "The journal is what happened on this machine: stats, report and why are computed from it. "
     "merge adds the commands of other journals that are not here yet, so that why and stats can "
     "be asked about them. Each FILE is a journal.db of another machine, or a directory that has "
     "one; it is only read, and when one of them is damaged, of a later version or no journal, "
     "nothing is changed.\n\n"
     "path writes down what has happened up to now and prints the file's name.",
     k_journal_examples},
    {CommandId::key,
     "key",
     "new|trust|list|revoke [--file FILE] [--json] [KEY...]",
     "make a key that signs results, and say whose are believed",
     CommandGroup::care,
     {},
     k_key_options,
     OperandSpec{"ACTION", k_key_actions, true, false, false, true},
     Tail::none,
     "Where there are keys, results are taken from the store only when one of the trusted ones has "
     "signed what names them, whoever may write to the store. A job that has a private key "
     "(SLUICE_SIGNING_KEY) signs what it publishes; SLUICE_TRUSTED_KEYS and this user's list name "
     "those that are believed.\n\n"
     "new writes a private key, readable by its owner only, and prints the public line to share; "
     "it never overwrites one. trust adds public lines to the user's list, revoke an id: what that "
     "key has signed is not believed any more, whatever else says so. list prints all that counts "
     "here. The files are signing-key and trusted-keys in the user's sluice configuration.",
     k_key_examples},
    {CommandId::version,
     "version",
     "[--json]",
     "print the version and what it works with",
     CommandGroup::about,
     {},
     k_version_options,
     {},
     Tail::none,
     "Prints the version of sluice, the versions of Go it works with and the versions of the "
     "formats it reads and writes.",
     k_version_examples},
    {CommandId::completion,
     "completion",
     "bash|zsh|fish",
     "print completions for a shell",
     CommandGroup::about,
     {},
     {},
     OperandSpec{"SHELL", k_shells, true, false},
     Tail::none,
     "Prints a script that completes sluice's commands, settings and options. After 'sluice go' "
     "and 'sluice run --' the completion of the command itself goes on where the shell has one.",
     k_completion_examples},
    {CommandId::man,
     "man",
     "[--directory DIR] [COMMAND]",
     "print a manual page",
     CommandGroup::about,
     {},
     k_man_options,
     OperandSpec{"COMMAND", {}, false, true},
     Tail::none,
     "Prints the manual page of sluice or of one command in roff, for man -l or an installed page. "
     "--directory writes all of them, for a package.",
     k_man_examples},
    {CommandId::help,
     "help",
     "[COMMAND]",
     "explain sluice or one command",
     CommandGroup::about,
     {},
     {},
     OperandSpec{"COMMAND", {}, false, true},
     Tail::none,
     "Explains sluice or one command. 'sluice COMMAND --help' prints the same.",
     k_help_examples},
}};

}  // namespace

std::span<const CommandSpec> command_specs() { return k_commands; }

const CommandSpec* find_command(std::string_view name) {
  for (const auto& spec : k_commands) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

const CommandSpec& spec_of(CommandId id) { return k_commands[static_cast<std::size_t>(id)]; }

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const auto& spec : k_commands) names.push_back(spec.name);
  return names;
}

std::string_view title_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::work: return "Work";
    case CommandGroup::care: return "Care";
    case CommandGroup::about: return "About";
  }
  return "";
}

}  // namespace sluice::cli
