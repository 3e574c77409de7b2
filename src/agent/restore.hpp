// Restore mode: the store fills Go's cache before go starts and takes what is new after it ended.
//
// For go commands that cannot or should not speak the cacheprog protocol: Go before 1.24, and `go
// run` and `go tool`, whose executables Go keeps in the directory only. Used by one agent thread
// at a time.
#pragma once

#include "agent/fault_book.hpp"
#include "agent/fetcher.hpp"
#include "agent/index_keeper.hpp"
#include "agent/patience.hpp"
#include "agent/provenance.hpp"
#include "agent/uploader.hpp"
#include "base/deadline.hpp"
#include "codec/json.hpp"
#include "gotool/local_tier.hpp"

#include <memory>
#include <vector>

namespace sluice::agent {

class Restorer {
 public:
  // `keeper` and `fetcher` may be null: no store, nothing to do.
  Restorer(const gotool::LocalTier& tier, IndexKeeper* keeper, Fetcher* fetcher, Patience& patience)
      : tier_(tier), keeper_(keeper), fetcher_(fetcher), patience_(patience) {}

  // Brings every record of the index that is not there; fields "restored" (records of the index
  // that are in the tier now) and "failed" (those that did not come).
  codec::Json restore(Deadline deadline);
  // Entries used or made since then become the job's; fields "used", "made".
  codec::Json save(UnixNanos since_ns, Uploader& uploader, Provenance& provenance,
                   FaultBook& faults);

 private:
  std::vector<const store::Entry*> missing(const store::Index& index) const;
  std::uint64_t bring(const std::shared_ptr<const store::Index>& index, Deadline deadline,
                      const Patience::Wait& wait);

  const gotool::LocalTier& tier_;
  IndexKeeper* keeper_;
  Fetcher* fetcher_;
  Patience& patience_;
};

}  // namespace sluice::agent
