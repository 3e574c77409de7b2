#include "agent/job_trust.hpp"

#include "base/digest.hpp"
#include "store/key_settings.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::agent {

namespace {

constexpr std::size_t k_name_digits = 32;
constexpr std::size_t k_identity_digits = 16;

Result<std::shared_ptr<const SigningKey>> signing_key(const AgentConfig& config,
                                                      const sys::Environment& env) {
  TRY_ASSIGN(auto settings, store::read_key_settings(env));
  if (!settings.key) return fail(Code::not_found, "the signing key is not here");
  const std::string id = store::key_id_text(store::key_id_of(settings.key->public_key()));
  if (id != config.signer) {
    return fail(Code::conflict,
                fmt::format("the signing key is {}, and was {}", id, config.signer));
  }
  return std::make_shared<const SigningKey>(std::move(*settings.key));
}

}  // namespace

JobTrust trust_of(const AgentConfig& config, const store::Objects& objects,
                  const sys::Environment& env) {
  JobTrust job{store::Trust(config.read_domains), {}};
  if (config.trusted_keys.empty()) return job;
  if (auto added = job.trust.keys.add_words(config.trusted_keys); !added) {
    job.trust.domains.clear();  // who is to be believed is not known
    job.fault = std::move(added).error();
    return job;
  }
  const std::string name = to_hex(sha256(bytes_of(objects.describe()))).substr(0, k_name_digits);
  job.trust.memory = std::make_shared<store::HeadMemory>(config.cache_directory / "heads" / name);
  if (config.signer.empty()) {
    // Where it writes nothing there is nothing of its own to read.
    const bool writes = !config.read_only && config.domain != k_trusted_domain;
    if (writes) job.trust.unsigned_domain = config.domain;
    return job;
  }
  auto key = signing_key(config, env);
  if (key) {
    job.trust.key = std::move(*key);
  } else {
    job.fault = std::move(key).error();
  }
  return job;
}

std::string trust_identity(const AgentConfig& config) {
  if (config.trusted_keys.empty()) return "";
  return to_hex(sha256(bytes_of(config.trusted_keys))).substr(0, k_identity_digits);
}

}  // namespace sluice::agent
