#include "agent/kind.hpp"

namespace sluice::agent {

store::Kind kind_of(gotool::BodyKind kind) {
  switch (kind) {
    case gotool::BodyKind::archive: return store::Kind::archive;
    case gotool::BodyKind::module_index: return store::Kind::module_index;
    case gotool::BodyKind::package_index: return store::Kind::package_index;
    case gotool::BodyKind::test_log: return store::Kind::test_log;
    case gotool::BodyKind::test_output: return store::Kind::test_output;
    case gotool::BodyKind::cover_profile:
    case gotool::BodyKind::other: return store::Kind::other;
  }
  return store::Kind::other;
}

}  // namespace sluice::agent
