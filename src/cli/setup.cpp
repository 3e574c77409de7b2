#include "cli/setup.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/isolated_job.hpp"
#include "cli/job_keys.hpp"
#include "cli/version.hpp"
#include "store/secrets.hpp"
#include "store/store_url.hpp"
#include "sys/log.hpp"

#include <system_error>
#include <utility>

namespace sluice::cli {

namespace {

void log_setup(const Setup& setup) {
  for (const auto& spec : setting_specs()) {
    sys::log_debug("setting {} = {} ({})", spec.name, value_text(setup.settings, spec.id),
                   setup.settings.source_of(spec.id).text);
  }
  sys::log_debug("go: {} {} {}", setup.go.version, setup.go.path.string(), setup.go_error);
  sys::log_debug("local tier: {}; job: {}; agent: {}", setup.config.local_tier.string(),
                 setup.config.job_id, setup.config.key());
}

// On a desk a checkout is a claim too, and a store decides what every package becomes: what comes
// from one that only the checkout names stays out of the user's GOCACHE. In CI the pipeline itself
// comes from the checkout, and its trust domain says what that may touch.
bool only_the_checkout_names_the_store(const Setup& setup) {
  const Settings& settings = setup.settings;
  return setup.job.system == agent::CiSystem::none &&
         settings.source_of(SettingId::store).kind == Source::Kind::checkout_file &&
         settings.store_url != settings.users_store_url;
}

sys::Path local_tier_of(const Setup& setup, const sys::Environment& env,
                        const sys::Path& cache_directory) {
  if (only_the_checkout_names_the_store(setup)) {
    const std::string name = to_hex(sha256(bytes_of(setup.settings.store_url))).substr(0, 16);
    return cache_directory / "stores" / name / "domains" / setup.settings.trust_domain / "go-build";
  }
  if (setup.settings.trust_domain == k_trusted) return gotool::default_gocache(env, setup.go);
  return cache_directory / "domains" / setup.settings.trust_domain / "go-build";
}

// Beside the tier, so that what is apart there is apart here; go's own directory is not ours to
// put something beside.
sys::Path beside_the_tier(const agent::AgentConfig& config, std::string_view name) {
  const sys::Path beside = config.local_tier.parent_path();
  const std::string ours = config.cache_directory.native() + "/";
  return (beside.native().starts_with(ours) ? beside : config.cache_directory) / name;
}

// The configuration of the sluice around this one, where its go command sees its checkout at
// another path.
std::optional<agent::AgentConfig> outer_of(const Result<agent::AgentConfig>& session) {
  if (!session || session->shown_checkout.empty()) return std::nullopt;
  return *session;
}

sys::Path shown_as(const agent::AgentConfig& outer) {
  return outer.same_path / gotool::k_same_path_checkout;
}

// The directory as it is called outside.
sys::Path real_directory(const sys::Path& directory, const agent::AgentConfig& outer) {
  if (!gotool::lies_within(directory, shown_as(outer))) return directory;
  const sys::Path below = directory.lexically_relative(shown_as(outer));
  return below == "." ? outer.shown_checkout : outer.shown_checkout / below;
}

// Agent, scopes and keys are those of the checkout, however it is shown.
void name_real_places(Setup& setup, const agent::AgentConfig& outer) {
  agent::AgentConfig& config = setup.config;
  if (gotool::lies_within(setup.working_directory, shown_as(outer))) {
    const sys::Path real = real_directory(setup.working_directory, outer);
    config.checkout = agent::checkout_root(real);
    config.module_root = agent::module_root(real);
    config.shown_checkout = outer.shown_checkout;
    config.same_path = outer.same_path;
  }
  if (config.module_cache == outer.same_path / gotool::k_same_path_modules) {
    config.module_cache = outer.module_cache;
  }
  setup.is_inside_same_path = true;
}

void add_keys(agent::AgentConfig& config, JobKeys keys) {
  config.trusted_keys = std::move(keys.trusted);
  config.signer = std::move(keys.signer);
  config.signer_proof = std::move(keys.signer_proof);
  config.secrets_apart = keys.secrets_apart;
  config.secrets_agent = std::move(keys.secrets_agent);
  if (keys.credentials && !config.store_url.empty()) config.credentials = *keys.credentials;
}

agent::AgentConfig config_of(const Setup& setup, const sys::Environment& env) {
  const Settings& settings = setup.settings;
  const auto isolated = IsolatedJob::around(env);
  agent::AgentConfig config;
  config.runtime_directory = sys::runtime_directory(env);
  config.cache_directory = sys::user_cache_directory(env) / "sluice";
  // Inside of an isolated job GOCACHE is the job's; what lies beside the tier is everybody's.
  config.local_tier =
      isolated ? isolated->shared_tier() : local_tier_of(setup, env, config.cache_directory);
  if (settings.link_cache) config.link_directory = beside_the_tier(config, "link");
  if (settings.journal) config.journal_directory = beside_the_tier(config, "journal");
  if (settings.enabled && !settings.no_remote) config.store_url = settings.store_url;
  if (const auto url = store::parse_store_url(config.store_url)) {
    config.credentials = store::credential_identity(*url, env);
  }
  config.domain = settings.trust_domain;
  config.read_domains = {settings.trust_domain};
  if (settings.trust_domain != k_trusted) config.read_domains.emplace_back(k_trusted);
  config.checkout = agent::checkout_root(setup.working_directory);
  config.module_root = agent::module_root(setup.working_directory);
  config.go_path = setup.go.path;
  config.go_version = setup.go.version;
  config.goroot = setup.go.goroot;
  config.module_cache = gotool::module_cache(env, setup.go);
  config.job_id = setup.job.id;
  config.job_name = setup.job.name;
  config.job_run = setup.job.run;
  if (setup.job.system != agent::CiSystem::none) config.ci = agent::name_of(setup.job.system);
  config.repository = setup.job.repository;
  config.commit = setup.job.commit;
  config.branch = setup.job.branch;
  config.pull_request = setup.job.pull_request;
  config.producer = producer_text();
  config.log_level = settings.log_level;
  config.read_only = settings.read_only;
  config.publish_local = settings.publish_local;
  config.share_links = setup.job.system != agent::CiSystem::none;
  config.drain_timeout = settings.drain_timeout;
  config.store_patience = settings.store_patience;
  config.verify_share = settings.verify_share;
  config.tests_by_content = settings.tests_by_content;
  config.verify_tests_share = settings.verify_tests_share;
  config.same_path = settings.same_path_root;
  if (isolated) isolated->apply(config);
  return config;
}

}  // namespace

Result<Setup> set_up(const Flags& flags, const sys::Environment& env,
                     const sys::Path& working_directory, OffSwitch off_switch) {
  Setup setup;
  setup.working_directory = working_directory;
  TRY_ASSIGN(setup.settings, resolve_settings(flags, env, working_directory, off_switch));
  TRY_ASSIGN(setup.executable, sys::own_executable());
  auto go = gotool::detect_go(store::without_secrets(env), working_directory);
  if (go) {
    setup.go = std::move(*go);
  } else {
    setup.go_error = go.error().message;
  }
  const auto session = agent::AgentConfig::of_environment(env);
  const auto outer = outer_of(session);
  const sys::Path real = outer ? real_directory(working_directory, *outer) : working_directory;
  setup.job = agent::job_of(env, agent::checkout_root(real));
  if (session && agent::is_of_job(setup.job, session->job_id)) setup.job.id = session->job_id;
  TRY_ASSIGN(JobKeys keys, decide_trust(setup.settings, setup.job, env));
  setup.config = config_of(setup, env);
  add_keys(setup.config, std::move(keys));
  if (outer) {
    name_real_places(setup, *outer);
  } else if (gotool::lies_within(setup.config.checkout, setup.config.same_path)) {
    // One that really lies there is one of those that are shown there.
    setup.config.shown_checkout = setup.config.same_path / gotool::k_same_path_checkout;
  }
  if (sys::log_level() <= sys::LogLevel::debug) log_setup(setup);
  return setup;
}

sys::Path current_directory() {
  std::error_code error;
  sys::Path path = std::filesystem::current_path(error);
  return error ? sys::Path("/") : path;
}

std::string cacheprog_words(const Flags& flags, const sys::Path& executable) {
  std::string words = quote_word(executable.string()) + " cacheprog";
  // What concerns only the command around go (--quiet) would be refused there.
  for (const SettingId id : spec_of(CommandId::cacheprog).settings) {
    const SettingSpec& spec = spec_of(id);
    if (const auto& value = flags.get(id)) {
      words += " " + quote_word("--" + std::string(spec.name) + "=" + *value);
    }
  }
  return words;
}

bool is_own_cacheprog(std::string_view value, const sys::Path& executable) {
  const auto words = split_quoted(value);
  if (!words || words->size() < 2 || (*words)[1] != "cacheprog") return false;
  const sys::Path program = (*words)[0];
  if (program.filename() == "sluice") return true;
  std::error_code ignored;
  return program.is_absolute() && std::filesystem::equivalent(program, executable, ignored);
}

std::vector<std::string_view> names_kept_back(const Setup& setup) {
  const auto url = store::parse_store_url(setup.config.store_url);
  store::StoreUrl none;  // no store is used
  none.scheme = "file";
  return store::secret_names_of(url ? *url : none, setup.settings.keep_credentials);
}

sys::Environment for_command(const Setup& setup, sys::Environment env) {
  for (const std::string_view name : names_kept_back(setup)) env.unset(name);
  return env;
}

sys::Environment without_store_url(sys::Environment env) {
  if (env.get_or("GOCACHE", "").find("://") != std::string::npos) env.unset("GOCACHE");
  return env;
}

}  // namespace sluice::cli
