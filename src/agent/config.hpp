// What one agent is: the settings that a command resolved, handed to sessions and to the agent
// itself.
//
// A value, passed as one line of JSON in SLUICE_SESSION, so that the process go starts need not
// read configuration again; for a whole CI job as "@" and the file that has the line. It holds no
// secret. Any thread.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

inline constexpr std::string_view k_session_variable = "SLUICE_SESSION";
// The domain of those whom the owner of the store believes.
inline constexpr std::string_view k_trusted_domain = "trusted";

struct AgentConfig {
  sys::Path runtime_directory;            // holds socket, lock and log; 0700
  sys::Path cache_directory;              // sluice's own: index copies, provenance, staging
  sys::Path local_tier;                   // a native GOCACHE
  sys::Path shared_tier;                  // of an isolated job: what lies below its own; else empty
  sys::Path link_directory;               // linked programs; empty: none are kept
  sys::Path journal_directory;            // empty: none is kept
  std::string store_url;                  // empty: no remote
  std::string credentials;                // whose rights the agent has: a digest, no secret
  std::string domain;                     // what this job may write
  std::vector<std::string> read_domains;  // what it may read, its own first
  std::string
      trusted_keys;    // Keyring::words() of those whose signatures count; empty: nobody signs
  std::string signer;  // the id of the key that this job signs with; empty: it cannot
  std::string signer_proof;  // a digest that only who has that key can make, no secret
  sys::Path checkout;        // root of the work tree (or the working directory)
  sys::Path module_root;     // the nearest directory with go.mod; empty when there is none
  sys::Path go_path;         // the go command; empty when unknown
  std::string go_version;    // "go1.26.8"; empty when unknown
  sys::Path goroot;
  sys::Path module_cache;
  std::string job_id;  // these as in job.hpp
  std::string job_name;
  std::string job_run;
  std::string ci;  // name_of(the system); empty at a desk
  std::string repository;
  std::string commit;
  std::string branch;
  std::string pull_request;
  std::string producer;   // "sluice 0.1.0", written into manifests
  std::string log_level;  // of the agent: "", "debug", …
  bool read_only = false;
  bool publish_local = false;
  bool share_links = false;  // linked programs become records of the job: in CI only
  std::chrono::milliseconds drain_timeout{60000};
  std::chrono::milliseconds store_patience{2000};  // what a dead store costs a job at most
  double verify_share = 0;                         // of archive hits that a session lets go rebuild
  bool tests_by_content = true;
  double verify_tests_share = 0;  // of reused test results: those packages are tested again
  sys::Path same_path;            // where a go command may see checkout and module cache

  // Only for the sessions of one command:
  std::string command_id;      // groups their counters
  sys::Path secrets_agent;     // the socket of the agent that has them, where they are apart
  bool secrets_apart = false;  // its environment has no secrets: it can start no agent
  bool say_faults = false;     // nobody else will: the session tells the user itself
  sys::Path shown_checkout;    // what go sees below same_path; empty: what is there, as it is
  std::string place_records;   // kept by the session: docs/formats/same-path.md
  sys::Path test_door;         // of the run that go's tools report to; empty: to nobody
  sys::Path test_programs;     // where they move the programs of tests to

  // Whose manifests are one another's successors: one agent of one job. Jobs that work in several
  // modules have several agents at once, and none may push out what the others published.
  std::string publisher_id() const;
  // 32 hex digits; two configurations with the same key share one agent.
  std::string key() const;
  sys::Path socket_path() const;
  sys::Path lock_path() const;
  sys::Path log_path() const;
  // What sessions of a command leave for it: packages that were tested again and not stored.
  sys::Path tests_suspected_path() const;
  // Written when a reused test result was wrong: why. No later session of the job reuses any.
  sys::Path tests_distrusted_path() const;
  // Written when it was said that checkouts cannot be shown at another path here.
  sys::Path same_path_refused_path() const;
  // Between `sluice ci begin` and `sluice ci end`: this configuration as a line, and what begin has
  // done (cli/begun_job.hpp).
  sys::Path job_session_path() const;
  sys::Path begun_path() const;
  // Written when an agent gives the store up, removed when it uses it again.
  sys::Path given_up_path() const;
  // Where a session puts what the local tier does not take; removed with the agent.
  sys::Path spill_directory() const;
  sys::Path spill_lock() const;  // shared by the sessions that use it
  // Files on their way to the store or from it.
  sys::Path staging_directory() const;

  // The module caches that index entries may name: the real one, and where go may see it.
  std::vector<sys::Path> module_caches() const;

  std::string encode() const;
  static Result<AgentConfig> decode(std::string_view text);
  // From SLUICE_SESSION. Code::not_found where that is not set.
  static Result<AgentConfig> of_environment(const sys::Environment& env);
};

}  // namespace sluice::agent
