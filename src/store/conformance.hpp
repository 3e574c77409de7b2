// The promises of store/objects.hpp as checks that every backend runs in its own test.
//
// Part of the tests: doctest assertions, called from inside a TEST_CASE. The factory gives, each
// time, a new client of the same empty store (two clients must see each other's objects); the suite
// removes nothing outside of its own keys.
#pragma once

#include "store/objects.hpp"

#include <functional>
#include <memory>

namespace sluice::store {

using ObjectsFactory = std::function<std::unique_ptr<Objects>()>;

void check_conformance(const ObjectsFactory& open);

}  // namespace sluice::store
