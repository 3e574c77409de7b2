// What a writer asks before it publishes: may a collector be removing what I am about to name?
//
// Blocking, from any thread. A store where nobody has ever collected costs one request that finds
// nothing. Called between the manifest object and the heads; docs/formats/collection.md, "What a
// writer does", says why that order is enough. Errors are the store's.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/layout.hpp"
#include "store/objects.hpp"

#include <map>
#include <set>
#include <string>

namespace sluice::store {

inline constexpr std::size_t k_gc_looks_at_once = 16;

// What a job wrote itself: whether there was, or may have been, such an object before.
using OwnObjects = std::map<ObjectName, bool>;

// Those of them that must not be named.
Result<std::set<ObjectName>> unsafe_objects(Objects& objects, const std::string& domain,
                                            const OwnObjects& own, Deadline deadline);

}  // namespace sluice::store
