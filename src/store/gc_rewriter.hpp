// Writes anew what is needed of packs that are mostly dead: new packs, the manifests that name
// them, and those manifests' places in heads. Removes nothing.
//
// Blocking, called by one thread; uses at most `at_once` threads of its own, all ended on return.
// May be killed at any moment. In memory: the needed blobs of one pack, one pack being filled, and
// manifests as InventoryReader bounds them. Errors: the store's, and those of the turn.
// docs/formats/collection.md, "Packs that are mostly dead".
#pragma once

#include "base/result.hpp"
#include "store/collector.hpp"
#include "store/gc_inventory.hpp"
#include "store/objects.hpp"

#include <functional>
#include <string>

namespace sluice::store {

// What the run lends to one of its steps.
struct RewriteTurn {
  InventoryReader::Tick tick;       // from the caller's thread
  std::function<bool()> may_write;  // heads still: from any thread
};

// `reader` has read everything, and its plan has said which heads are kept. In a dry run nothing is
// written, and the report says what would be.
Result<void> rewrite_packs(Objects& objects, const std::string& domain, const GcOptions& options,
                           InventoryReader& reader, const RewriteTurn& turn, GcRewriting& report);

}  // namespace sluice::store
