#include "agent/another_agent.hpp"

#include "agent/client.hpp"

#include <chrono>
#include <string>

namespace sluice::agent {

namespace {

constexpr auto k_connect_wait = std::chrono::milliseconds(500);

}  // namespace

Result<void> check_same_rights(const AgentConfig& own, const AgentConfig& asked) {
  const auto rights = [](const AgentConfig& config) {
    std::string text;
    for (const std::string& part :
         {config.runtime_directory.native(), config.cache_directory.native(),
          config.local_tier.native(), config.store_url, config.credentials, config.domain,
          config.trusted_keys, config.signer, config.signer_proof, config.job_id, config.job_name,
          config.job_run, config.producer}) {
      text += part + '\0';
    }
    for (const std::string& domain : config.read_domains) text += domain + '\0';
    return text;
  };
  const bool asks_more =
      (own.read_only && !asked.read_only) || (asked.publish_local && !own.publish_local);
  if (rights(own) == rights(asked) && !asks_more) return {};
  return fail(Code::denied, "that would be another job, with the rights of this one");
}

codec::Json start_another(const AgentConfig& own, const sys::Environment& env,
                          const Frame& request) {
  const auto start = [&]() -> Result<void> {
    TRY_ASSIGN(const std::string text, decode_text(request.payload));
    TRY_ASSIGN(AgentConfig asked, AgentConfig::decode(text));
    TRY(check_same_rights(own, asked));
    asked.secrets_apart = false;
    return ensure_agent(asked, env);
  };
  const auto started = start();
  return codec::JsonObject{{"started", started.has_value()},
                           {"reason", started ? "" : started.error().message}};
}

Result<void> ask_for_another(const AgentConfig& config) {
  TRY_ASSIGN(auto client,
             Client::connect_socket(config.secrets_agent, Deadline::after(k_connect_wait)));
  if (!client) return fail(Code::unavailable, "agent: the one that has the credentials is gone");
  TRY_ASSIGN(const codec::Json reply, client->start_another(config));
  if (reply.bool_or("started", false)) return {};
  return fail(Code::denied, "agent: " + reply.text_or("reason", "it does not say why"));
}

}  // namespace sluice::agent
