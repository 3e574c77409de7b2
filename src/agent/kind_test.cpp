#include "agent/kind.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

TEST_CASE("every kind of body has its kind of record") {
  using gotool::BodyKind;
  using store::Kind;
  CHECK(kind_of(BodyKind::other) == Kind::other);
  CHECK(kind_of(BodyKind::archive) == Kind::archive);
  CHECK(kind_of(BodyKind::module_index) == Kind::module_index);
  CHECK(kind_of(BodyKind::package_index) == Kind::package_index);
  CHECK(kind_of(BodyKind::test_log) == Kind::test_log);
  CHECK(kind_of(BodyKind::test_output) == Kind::test_output);
}

}  // namespace
}  // namespace sluice::agent
