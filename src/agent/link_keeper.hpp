// The agent's part of the link cache: brings linked programs of other machines when that pays, and
// makes those of this job records of it.
//
// Borrows the agent's parts, which outlive it. Any thread; bring() blocks its caller for at most
// the time that the link took where it was made, and no longer than the store is worth it. Rules:
// docs/formats/link-cache.md, "Between machines".
#pragma once

#include "agent/config.hpp"
#include "agent/fetcher.hpp"
#include "agent/index_keeper.hpp"
#include "agent/messages.hpp"
#include "agent/patience.hpp"
#include "agent/provenance.hpp"
#include "agent/uploader.hpp"
#include "gotool/link_cache.hpp"

#include <memory>

namespace sluice::agent {

class LinkKeeper {
 public:
  LinkKeeper(const AgentConfig& config, IndexKeeper* keeper, Fetcher* fetcher, Uploader& uploader,
             Provenance& provenance, gotool::LinkCache cache);
  // `keeper` and `fetcher` may be null: there is no store.
  static Result<std::unique_ptr<LinkKeeper>> open(const AgentConfig& config, IndexKeeper* keeper,
                                                  Fetcher* fetcher, Uploader& uploader,
                                                  Provenance& provenance);

  // True when the program is in the link directory now.
  bool bring(const ActionId& key, Patience& patience);
  // A toolexec made this link, or took it from the link directory.
  void note(const LinkNote& note);

 private:
  const AgentConfig& config_;
  IndexKeeper* keeper_;
  Fetcher* fetcher_;
  Uploader& uploader_;
  Provenance& provenance_;
  gotool::LinkCache cache_;
};

}  // namespace sluice::agent
