#include "cli/settings_table.hpp"

#include <array>

namespace sluice::cli {

namespace {

constexpr std::array<std::string_view, 3> k_modes = {"auto", "cacheprog", "restore"};
constexpr std::array<std::string_view, 3> k_drains = {"auto", "wait", "detach"};

constexpr std::array<std::string_view, 2> k_switches = {"on", "off"};
constexpr std::array<std::string_view, 2> k_test_keys = {"content", "go"};
constexpr std::array<std::string_view, 3> k_auto_switches = {"auto", "on", "off"};
constexpr std::array<std::string_view, 3> k_same_paths = {"off", "auto", "always"};

constexpr std::array<SettingSpec, k_setting_count> k_settings = {{
    {SettingId::store,
     "store",
     "SLUICE_STORE",
     SettingType::store_url,
     "URL",
     {},
     "file://$XDG_CACHE_HOME/sluice/store",
     true,
     "where results are shared: a file://, s3:// or https:// URL",
     "The store that machines share, as a URL. A folder is written file:///absolute/path and may "
     "be a mounted disk, a bucket s3://bucket/prefix with the usual AWS_ variables, a web server "
     "that takes PUT https://host/path, a bazel-remote bazel+https://host. A URL in GOCACHE means "
     "the same where neither the flag nor SLUICE_STORE is given. A checkout's sluice.toml may not "
     "name a server."},
    {SettingId::mode, "mode", "SLUICE_MODE", SettingType::choice, "MODE", k_modes, "auto", true,
     "how go reaches the cache: auto, cacheprog or restore",
     "cacheprog answers go while it runs and needs Go 1.24 or newer. restore fills GOCACHE "
     "before go starts and saves what is new after it; it works with any Go and carries the "
     "executables of 'go run' and 'go tool'. auto takes restore for these two and for Go before "
     "1.24, else cacheprog."},
    {SettingId::read_only,
     "read-only",
     "SLUICE_READ_ONLY",
     SettingType::flag,
     "",
     {},
     "false",
     true,
     "take from the store, upload nothing",
     "Results are taken from the store; nothing is uploaded."},
    {SettingId::no_remote,
     "no-remote",
     "SLUICE_NO_REMOTE",
     SettingType::flag,
     "",
     {},
     "false",
     true,
     "use the local tier only",
     "The store is neither read nor written; only the machine's own GOCACHE answers."},
    {SettingId::drain, "drain", "SLUICE_DRAIN", SettingType::choice, "WHEN", k_drains, "auto", true,
     "wait for uploads after the command: auto, wait or detach",
     "wait holds the command until everything is uploaded or the drain timeout has passed; "
     "detach leaves the upload to the agent in the background. auto waits where the machine is "
     "likely to end with the command (a CI job, a container) and detaches elsewhere."},
    {SettingId::drain_timeout,
     "drain-timeout",
     "SLUICE_DRAIN_TIMEOUT",
     SettingType::duration,
     "TIME",
     {},
     "60s",
     true,
     "how long uploads may take after the command",
     "The longest that uploads may go on after the command has ended. What is not uploaded by "
     "then is left out."},
    {SettingId::store_patience,
     "store-patience",
     "SLUICE_STORE_PATIENCE",
     SettingType::duration,
     "TIME",
     {},
     "2s",
     true,
     "how long a job waits for a store that brings nothing",
     "The most that a job loses to a store that does not answer, from 100ms to 10m. Then it goes "
     "on without the store until that answers again. More is right for a store that is often "
     "busy for seconds."},
    {SettingId::verify,
     "verify",
     "SLUICE_VERIFY",
     SettingType::percent,
     "N%",
     {},
     "0%",
     true,
     "rebuild this share of the hits and compare",
     "This share of the hits is answered as a miss, so that go makes the result again, and what go "
     "makes is compared with what the cache would have given. A difference is reported."},
    {SettingId::publish_local,
     "publish-local",
     "SLUICE_PUBLISH_LOCAL",
     SettingType::flag,
     "",
     {},
     "false",
     false,
     "publish also what plain go left in GOCACHE",
     "Results that a go command without sluice left in GOCACHE are used on this machine and are "
     "not published, because nobody saw them being made. The owner of a machine that only "
     "trusted jobs use may publish them too."},
    {SettingId::trust_domain,
     "trust-domain",
     "SLUICE_TRUST_DOMAIN",
     SettingType::name,
     "NAME",
     {},
     "trusted",
     false,
     "the part of the store this job writes to",
     "The first element of every path in the store. A job of the domain 'trusted' reads only "
     "what trusted jobs wrote. Any other domain writes its own part, reads the trusted one too, "
     "and has a local tier and an agent of its own. The CI job of a pull request from a fork is "
     "in the domain 'fork' unless told otherwise."},
    {SettingId::quiet,
     "quiet",
     "SLUICE_QUIET",
     SettingType::flag,
     "",
     {},
     "false",
     true,
     "no summary line after the command",
     "The line with lookups, hits, bytes and waits after a command is left out. Faults are still "
     "reported."},
    {SettingId::link_cache, "link-cache", "SLUICE_LINK_CACHE", SettingType::choice, "SWITCH",
     k_switches, "on", true, "keep linked programs and place them again: on or off",
     "go runs its tools through sluice (-toolexec), and a link whose every input is known is "
     "answered with the program that was linked before. Needs Go 1.24 to 1.27. A command with "
     "-toolexec, -x or -n is left alone."},
    {SettingId::test_results, "test-results", "SLUICE_TEST_RESULTS", SettingType::choice, "KEY",
     k_test_keys, "content", true, "what a test's result is kept under: content or go",
     "content: the result of a passing test is given again when all that the test consulted "
     "(variables, files, directories) has the same content, whatever its times, and it is not "
     "given when only the times are the same. go: by go's own key of times alone."},
    {SettingId::verify_tests,
     "verify-tests",
     "SLUICE_VERIFY_TESTS",
     SettingType::percent,
     "N%",
     {},
     "0%",
     true,
     "run this share of the tests again whose results are reused",
     "This share of the packages whose results would be reused is tested again. When one does not "
     "pass, that is said, and no result is reused by content for the rest of the job."},
    {SettingId::journal, "journal", "SLUICE_JOURNAL", SettingType::choice, "SWITCH", k_switches,
     "on", true, "write down what happened, for why and stats: on or off",
     "What each command looked up, made and tested is kept on this machine for 30 days and at most "
     "256 MiB, readable by its owner only. sluice why, stats and report are computed from it."},
    {SettingId::same_path, "same-path", "SLUICE_SAME_PATH", SettingType::place, "WHEN",
     k_same_paths, "off", true,
     "show go its checkout at a constant path: off, auto, always or that path",
     "Without -trimpath Go's keys have the directory of the checkout and of the module cache in "
     "them, so that two clones share nothing. always shows both to go build, install, test and "
     "vet at /srv/sluice, in a mount namespace of the command's own; an absolute path does so "
     "there. auto does so only where nobody keeps what is made and the jobs of this scope had "
     "their checkout elsewhere."},
    {SettingId::modules, "modules", "SLUICE_MODULES", SettingType::choice, "SWITCH",
     k_auto_switches, "auto", true,
     "bring modules from the store and keep them there: auto, on or off",
     "Before go starts, the modules that go.sum names and GOMODCACHE lacks are brought from the "
     "store, each checked against go.sum; after it those that are there are kept for the next "
     "machine. auto does so where a store was named, as the default one lies beside the module "
     "cache. Private modules are modules: who may read the store may read them."},
    {SettingId::keep_credentials,
     "keep-credentials",
     "SLUICE_KEEP_CREDENTIALS",
     SettingType::flag,
     "",
     {},
     "false",
     false,
     "let the command inherit the store's credentials",
     "go, its tests and other commands are started without the variables that hold the "
     "credentials of the store in use (AWS_ACCESS_KEY_ID and its kin for s3, SLUICE_TOKEN for a "
     "web server). For tests that need them themselves this leaves them there. The key that signs "
     "is never passed on."},
}};

constexpr std::array<VariableSpec, 17> k_other_variables = {{
    {"SLUICE", "on|off", "off: go and run add nothing, cacheprog uses no store", false},
    {"SLUICE_LOG", "debug|info|warn|off", "log to stderr (the agent: to its log file)", false},
    {"SLUICE_SUMMARY", "FILE",
     "write the summary of a command as JSON to this file, pipe or device", false},
    {"SLUICE_TOKEN", "SECRET", "bearer token for an http(s) store", false},
    {"SLUICE_CA", "PATH", "root certificates for https: a file, or a hashed directory", false},
    {"SLUICE_SIGNING_KEY", "KEY", "the private key that signs what this job writes", false},
    {"SLUICE_SIGNING_KEY_FILE", "PATH", "a file that holds it", false},
    {"SLUICE_TRUSTED_KEYS", "KEYS", "public keys whose results are believed, ID:BASE64 each",
     false},
    {"SLUICE_SEED", "NUMBER", "the seed that `sluice test` tells tests; else another each time",
     false},
    {"SLUICE_SLOT", "NUMBER", "of a test: what no other that runs has", true},
    {"SLUICE_PORTS", "FIRST-LAST", "of a test: ports that no other that runs is told", true},
    {"SLUICE_CLASS", "NAME", "of a set-up: the class of its tests", true},
    {"SLUICE_ENV", "PATH", "of a set-up: a file for variables of its tests", true},
    {"SLUICE_SESSION", "JSON", "the resolved settings, from sluice to the sessions of its job",
     true},
    {"SLUICE_ASKS_GO", "1", "go is only asked for its version", true},
    {"SLUICE_SCRIPT_DEPTH", "N", "how many scripts named go stand around a sluice", true},
    {"SLUICE_WHY_TRACE", "1", "go prints its hashes for `sluice why --trace`", true},
}};

}  // namespace

std::span<const SettingSpec> setting_specs() { return k_settings; }

const SettingSpec& spec_of(SettingId id) { return k_settings[static_cast<std::size_t>(id)]; }

const SettingSpec* find_setting(std::string_view name) {
  for (const auto& spec : k_settings) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::span<const VariableSpec> other_variables() { return k_other_variables; }

}  // namespace sluice::cli
