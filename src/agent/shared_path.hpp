// Hits that a session must not believe because other checkouts are shown at the same path.
//
// go keys the index of a checkout's package and the result of a test by path, time and size. Where
// go sees its checkout at a constant path, another checkout may have made an entry under the very
// same key. So in such a session (AgentConfig::shown_checkout) these are given only where this same
// checkout made them: then a second entry, under a key with the checkout's identity, names the same
// output. Test results that TestReuse has compared need none. One value per session: any thread.
// Format: docs/formats/same-path.md.
#pragma once

#include "agent/config.hpp"
#include "base/digest.hpp"
#include "gotool/local_tier.hpp"

#include <string>

namespace sluice::agent {

class SharedPath {
 public:
  // `goroot` as go sees it.
  SharedPath(const AgentConfig& config, sys::Path goroot);

  // Whether the key of this body has a time and a size in the place of a content. Reads the file.
  bool needs_proof(const gotool::LocalHit& hit) const;
  // The action whose output proves that this checkout made the entry; kept in the local tier only.
  ActionId proof_of(const ActionId& action) const;

 private:
  sys::Path goroot_;
  sys::Path module_cache_;
  std::string identity_;
};

// Under auto and always: that a scope's job has seen its checkout at a path. The output is empty.
ActionId place_record(std::string_view module_path);  // at any path
ActionId place_record(std::string_view module_path, const sys::Path& checkout,
                      const sys::Path& module_cache);
// For AgentConfig::place_records, and back; what is none is left out.
std::string encode_place_records(const std::vector<ActionId>& records);
std::vector<ActionId> decode_place_records(std::string_view text);

}  // namespace sluice::agent
