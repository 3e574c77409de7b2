#include "gotool/verified_files.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

struct Fixture {
  sys::TempDirectory root = *sys::TempDirectory::create("sluice-verified-");
  sys::Path memo = root.path() / "verified";

  TrustedFile file(const std::string& name, std::string_view named, std::string_view text) const {
    REQUIRE(sys::write_file_atomic(root.path() / name, bytes_of(text)));
    return {root.path() / name, sha256_as<BlobId>(bytes_of(named))};
  }
};

// Other bytes of the same size in the same file, with the times that it had: what a disk does.
void rot(const sys::Path& path) {
  auto bytes = sys::read_file(path, 100);
  REQUIRE(bytes);
  (**bytes)[0] ^= std::byte{1};
  REQUIRE(sys::write_file_atomic(path, **bytes));
}

}  // namespace

TEST_CASE("a file is read once, and again when it changed") {
  const Fixture fixture;
  const TrustedFile good = fixture.file("good", "text", "text");
  const TrustedFile bad = fixture.file("bad", "text", "tixt");
  {
    VerifiedFiles verified(fixture.memo);
    CHECK(verified.check(good));
    CHECK(verified.save());
  }
  const auto written = sys::stat_file(fixture.memo);
  VerifiedFiles verified(fixture.memo);
  CHECK(verified.check(good));
  CHECK(verified.save());
  CHECK(sys::stat_file(fixture.memo)->value().inode == written->value().inode);
  const auto refused = verified.check(bad);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::corrupt);
  rot(good.path);
  CHECK_FALSE(verified.check(good));
  CHECK_FALSE(verified.check({"/nonexistent", good.digest}));
}

TEST_CASE("a memo that is damaged or cannot be written does no harm") {
  const Fixture fixture;
  const TrustedFile good = fixture.file("good", "text", "text");
  for (const char* text : {"", "sluice verified 2\n", "sluice verified 1\nshort"}) {
    REQUIRE(sys::write_file_atomic(fixture.memo, bytes_of(text)));
    VerifiedFiles verified(fixture.memo);
    CHECK(verified.check(good));
    CHECK(verified.save());
  }
  VerifiedFiles nowhere("/proc/none/verified");
  CHECK(nowhere.check(good));
  CHECK_FALSE(nowhere.save());
}

}  // namespace sluice::gotool
