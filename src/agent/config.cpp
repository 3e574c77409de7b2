#include "agent/config.hpp"

#include "base/digest.hpp"
#include "codec/json.hpp"
#include "gotool/same_path.hpp"

namespace sluice::agent {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr int k_config_version = 1;
constexpr std::size_t k_key_digits = 32;
constexpr char k_in_file = '@';
constexpr std::uint64_t k_session_bytes_max = 64U << 10U;

double share_in(const Json& json, std::string_view name) {
  const Json* share = json.find(name);
  if (share == nullptr) return 0;
  if (share->as_double() != nullptr) return *share->as_double();
  return share->as_int() != nullptr ? static_cast<double>(*share->as_int()) : 0;
}

}  // namespace

std::string AgentConfig::key() const {
  // Everything that changes what an agent may read, write or say; a NUL cannot occur in any of
  // them.
  std::string identity;
  const auto add = [&identity](std::string_view part) {
    identity += part;
    identity.push_back('\0');
  };
  add("agent 1");
  add(producer);
  add(job_id);
  add(job_name);
  add(job_run);
  add(store_url);
  add(credentials);
  add(domain);
  for (const std::string& read_domain : read_domains) add(read_domain);
  add(trusted_keys);
  add(signer);
  add(signer_proof);
  add(local_tier.native());
  add(cache_directory.native());
  add(checkout.native());
  add(module_root.native());
  add(go_version);
  add(read_only ? "read-only" : "read-write");
  add(publish_local ? "publish-local" : "own");
  add(same_path.native());
  return to_hex(sha256(bytes_of(identity))).substr(0, k_key_digits);
}

std::string AgentConfig::publisher_id() const {
  constexpr std::size_t k_digits = 8;
  return job_id + "/" + key().substr(0, k_digits);
}

sys::Path AgentConfig::socket_path() const { return runtime_directory / (key() + ".sock"); }
sys::Path AgentConfig::given_up_path() const { return runtime_directory / (key() + ".given-up"); }
sys::Path AgentConfig::job_session_path() const { return runtime_directory / (key() + ".session"); }
sys::Path AgentConfig::begun_path() const { return runtime_directory / (key() + ".begun"); }
sys::Path AgentConfig::tests_suspected_path() const {
  return runtime_directory / ("report-" + command_id + ".suspected");
}
sys::Path AgentConfig::tests_distrusted_path() const {
  return runtime_directory / (key() + ".tests-distrusted");
}
sys::Path AgentConfig::same_path_refused_path() const {
  return runtime_directory / (key() + ".same-path-refused");
}
sys::Path AgentConfig::lock_path() const { return runtime_directory / (key() + ".lock"); }
sys::Path AgentConfig::spill_lock() const {
  return runtime_directory / ("spill-" + key() + ".lock");
}
sys::Path AgentConfig::spill_directory() const { return runtime_directory / ("spill-" + key()); }
sys::Path AgentConfig::staging_directory() const { return cache_directory / "staging"; }
sys::Path AgentConfig::log_path() const { return runtime_directory / (key() + ".log"); }

std::vector<sys::Path> AgentConfig::module_caches() const {
  std::vector<sys::Path> caches = {module_cache};
  if (!same_path.empty()) caches.push_back(same_path / gotool::k_same_path_modules);
  return caches;
}

std::string AgentConfig::encode() const {
  JsonArray domains(read_domains.begin(), read_domains.end());
  return Json(JsonObject{
                  {"version", k_config_version},
                  {"runtime", runtime_directory.native()},
                  {"cache", cache_directory.native()},
                  {"local", local_tier.native()},
                  {"shared", shared_tier.native()},
                  {"links", link_directory.native()},
                  {"journal", journal_directory.native()},
                  {"store", store_url},
                  {"credentials", credentials},
                  {"domain", domain},
                  {"read_domains", std::move(domains)},
                  {"trusted_keys", trusted_keys},
                  {"signer", signer},
                  {"signer_proof", signer_proof},
                  {"checkout", checkout.native()},
                  {"module_root", module_root.native()},
                  {"go", go_path.native()},
                  {"go_version", go_version},
                  {"goroot", goroot.native()},
                  {"module_cache", module_cache.native()},
                  {"job_id", job_id},
                  {"job_name", job_name},
                  {"job_run", job_run},
                  {"ci", ci},
                  {"repository", repository},
                  {"commit", commit},
                  {"branch", branch},
                  {"pull_request", pull_request},
                  {"producer", producer},
                  {"log_level", log_level},
                  {"read_only", read_only},
                  {"publish_local", publish_local},
                  {"share_links", share_links},
                  {"drain_timeout_ms", static_cast<std::int64_t>(drain_timeout.count())},
                  {"store_patience_ms", static_cast<std::int64_t>(store_patience.count())},
                  {"verify_share", verify_share},
                  {"tests_by_content", tests_by_content},
                  {"verify_tests_share", verify_tests_share},
                  {"same_path", same_path.native()},
                  {"shown_checkout", shown_checkout.native()},
                  {"place_records", place_records},
                  {"test_door", test_door.native()},
                  {"test_programs", test_programs.native()},
                  {"command_id", command_id},
                  {"secrets_apart", secrets_apart},
                  {"secrets_agent", secrets_agent.native()},
                  {"say_faults", say_faults},
              })
      .dump();
}

Result<AgentConfig> AgentConfig::of_environment(const sys::Environment& env) {
  const std::string text = env.get_or(k_session_variable, "");
  if (text.empty()) return fail(Code::not_found, "SLUICE_SESSION is not set");
  if (text.front() != k_in_file) return decode(text);
  TRY_ASSIGN(const auto bytes, sys::read_file(text.substr(1), k_session_bytes_max));
  if (!bytes) return fail(Code::not_found, "SLUICE_SESSION: the job has ended");
  return decode(text_of(*bytes));
}

Result<AgentConfig> AgentConfig::decode(std::string_view text) {
  TRY_ASSIGN(const Json json, codec::parse_json(text));
  if (json.int_or("version", 0) != k_config_version) {
    return fail(Code::unsupported, "SLUICE_SESSION was set by another version of sluice");
  }
  AgentConfig config;
  config.runtime_directory = json.text_or("runtime", "");
  config.cache_directory = json.text_or("cache", "");
  config.local_tier = json.text_or("local", "");
  config.shared_tier = json.text_or("shared", "");
  config.link_directory = json.text_or("links", "");
  config.journal_directory = json.text_or("journal", "");
  config.store_url = json.text_or("store", "");
  config.credentials = json.text_or("credentials", "");
  config.domain = json.text_or("domain", "");
  if (const Json* list = json.find("read_domains");
      list != nullptr && list->as_array() != nullptr) {
    for (const Json& item : *list->as_array()) {
      if (item.as_string() != nullptr) config.read_domains.push_back(*item.as_string());
    }
  }
  config.trusted_keys = json.text_or("trusted_keys", "");
  config.signer = json.text_or("signer", "");
  config.signer_proof = json.text_or("signer_proof", "");
  config.checkout = json.text_or("checkout", "");
  config.module_root = json.text_or("module_root", "");
  config.go_path = json.text_or("go", "");
  config.go_version = json.text_or("go_version", "");
  config.goroot = json.text_or("goroot", "");
  config.module_cache = json.text_or("module_cache", "");
  config.job_id = json.text_or("job_id", "");
  config.job_name = json.text_or("job_name", "");
  config.job_run = json.text_or("job_run", "");
  config.ci = json.text_or("ci", "");
  config.repository = json.text_or("repository", "");
  config.commit = json.text_or("commit", "");
  config.branch = json.text_or("branch", "");
  config.pull_request = json.text_or("pull_request", "");
  config.producer = json.text_or("producer", "");
  config.log_level = json.text_or("log_level", "");
  config.read_only = json.bool_or("read_only", false);
  config.publish_local = json.bool_or("publish_local", false);
  config.share_links = json.bool_or("share_links", false);
  config.drain_timeout = std::chrono::milliseconds(json.int_or("drain_timeout_ms", 60000));
  config.store_patience = std::chrono::milliseconds(json.int_or("store_patience_ms", 2000));
  config.verify_share = share_in(json, "verify_share");
  config.tests_by_content = json.bool_or("tests_by_content", true);
  config.verify_tests_share = share_in(json, "verify_tests_share");
  config.same_path = json.text_or("same_path", "");
  config.shown_checkout = json.text_or("shown_checkout", "");
  config.place_records = json.text_or("place_records", "");
  config.test_door = json.text_or("test_door", "");
  config.test_programs = json.text_or("test_programs", "");
  config.command_id = json.text_or("command_id", "");
  config.secrets_agent = json.text_or("secrets_agent", "");
  config.secrets_apart = json.bool_or("secrets_apart", false);
  config.say_faults = json.bool_or("say_faults", false);
  if (!config.local_tier.is_absolute() || !config.runtime_directory.is_absolute() ||
      !config.cache_directory.is_absolute() || config.domain.empty()) {
    return fail(Code::invalid, "SLUICE_SESSION is not what sluice writes: a path is missing");
  }
  return config;
}

}  // namespace sluice::agent
