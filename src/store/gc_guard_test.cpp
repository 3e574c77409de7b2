#include "store/gc_guard.hpp"

#include "store/gc_state.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::store {
namespace {

using testing::soon;

ObjectName pack(std::uint8_t number) {
  ObjectName name{ObjectKind::pack, {}};
  name.id[0] = std::byte{number};
  return name;
}

TEST_CASE("what a collector removes, and what it has removed, is not named") {
  testing::MemoryObjects objects;
  // Own ones, one that was found and is there, one that was found and is gone.
  const OwnObjects own = {{pack(1), false}, {pack(2), false}, {pack(3), true}, {pack(4), true}};
  objects.set(key_of("trusted", pack(3)), {});
  CHECK(unsafe_objects(objects, "trusted", own, soon())->empty());
  CHECK(objects.heads() == 0);  // nobody collects here
  GcState state;
  state.domain = "trusted";
  state.batches = {{1, {pack(2)}}};
  objects.set(gc_state_key("trusted"), *encode_gc_state(state));
  CHECK(*unsafe_objects(objects, "trusted", own, soon()) == std::set<ObjectName>{pack(2), pack(4)});
  CHECK(objects.heads() == 2);
  CHECK(unsafe_objects(objects, "trusted", {}, soon())->empty());
  // A state that nobody understands still says that somebody collects.
  objects.set(gc_state_key("trusted"), testing::body_of(1, 100));
  CHECK(*unsafe_objects(objects, "trusted", own, soon()) == std::set<ObjectName>{pack(4)});
}

TEST_CASE("a store that does not answer is an error, one without the right to ask is none") {
  testing::MemoryObjects objects;
  objects.before_get = [](std::string_view) -> Result<void> {
    return fail(Code::unavailable, "503");
  };
  const OwnObjects own = {{pack(1), true}};
  CHECK_FALSE(unsafe_objects(objects, "trusted", own, soon()).has_value());
  objects.before_get = [](std::string_view) -> Result<void> { return fail(Code::denied, "403"); };
  CHECK(unsafe_objects(objects, "trusted", own, soon())->empty());
}

}  // namespace
}  // namespace sluice::store
