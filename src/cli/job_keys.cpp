#include "cli/job_keys.hpp"

#include "agent/config.hpp"
#include "store/key_settings.hpp"
#include "store/secrets.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

namespace sluice::cli {

namespace {

Result<JobKeys> read_keys(const Settings& settings, const sys::Environment& env) {
  TRY_ASSIGN(const store::KeySettings own, store::read_key_settings(env));
  JobKeys keys;
  keys.trusted = own.keys.words();
  if (own.key) {
    sys::hide_memory();  // with a secret from here on
    keys.signer = store::key_id_text(store::key_id_of(own.key->public_key()));
    keys.signer_proof = store::signer_proof(*own.key);
    return keys;
  }
  const auto outer = agent::AgentConfig::decode(env.get_or(agent::k_session_variable, ""));
  if (!outer || !outer->secrets_apart) return keys;
  keys.trusted = outer->trusted_keys;
  keys.signer = outer->signer;
  keys.signer_proof = outer->signer_proof;
  keys.secrets_apart = true;
  keys.secrets_agent = outer->secrets_agent;
  if (outer->store_url == settings.store_url) keys.credentials = outer->credentials;
  return keys;
}

}  // namespace

Result<JobKeys> decide_trust(Settings& settings, const agent::Job& job,
                             const sys::Environment& env) {
  if (!settings.enabled) return JobKeys{};
  TRY_ASSIGN(JobKeys keys, read_keys(settings, env));
  const Source& said = settings.source_of(SettingId::trust_domain);
  const bool is_said = said.kind != Source::Kind::fallback;
  if (!is_said && job.is_fork) {
    settings.trust_domain = k_fork;
    keys.signer.clear();
    keys.signer_proof.clear();
  }
  const bool may_write = keys.trusted.empty() || !keys.signer.empty();
  if (may_write || settings.trust_domain != agent::k_trusted_domain) return keys;
  if (is_said && !settings.read_only) {
    return fail(Code::invalid,
                fmt::format("{}: who believes signatures writes \"{}\" with a key that signs, and "
                            "there is none ({}); leave the domain away, or add --read-only",
                            said.text, agent::k_trusted_domain, store::k_signing_key_variable));
  }
  if (!is_said && job.system != agent::CiSystem::none) {
    settings.trust_domain = k_fork;
  } else if (!settings.read_only) {
    settings.read_only = true;
    settings.sources[static_cast<std::size_t>(SettingId::read_only)].text = "no key to sign with";
  }
  return keys;
}

}  // namespace sluice::cli
