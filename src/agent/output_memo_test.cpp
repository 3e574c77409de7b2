#include "agent/output_memo.hpp"

#include "base/digest.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

BlobId output(int number) { return sha256_as<BlobId>(bytes_of(std::to_string(number))); }

}  // namespace

TEST_CASE("output memo: what one command has learned the next one knows") {
  const auto directory = sys::TempDirectory::create("memo");
  const sys::Path file = directory->path() / "memo" / "known";
  for (int round = 0; round < 3; ++round) {
    OutputMemo memo(file);
    for (int i = 0; i < 100; ++i) CHECK(memo.has(output(i)) == (i < round * 10));
    for (int i = 0; i < 10; ++i) memo.add(output(round * 10 + i));
    CHECK(memo.has(output(round * 10)));
    REQUIRE(memo.save());
    CHECK(memo.has(output(0)));
  }
}

TEST_CASE("output memo: nothing is written where nothing was learned or nothing is kept") {
  const auto directory = sys::TempDirectory::create("memo");
  const sys::Path file = directory->path() / "memo" / "known";
  OutputMemo none(file);
  REQUIRE(none.save());
  CHECK(!*sys::stat_file(file));
  OutputMemo unkept{sys::Path()};
  unkept.add(output(1));
  CHECK(unkept.has(output(1)));
  CHECK(unkept.save());
}

TEST_CASE("output memo: a file that is none counts as empty and is replaced") {
  const auto directory = sys::TempDirectory::create("memo");
  const sys::Path file = directory->path() / "memo" / "known";
  for (const std::string_view text : {"short", "zzzzzzzzzzzzzzzzaaaaaaaaaaaaaaaa"}) {
    REQUIRE(sys::make_private_directory(file.parent_path()));
    REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
    OutputMemo memo(file);
    CHECK(!memo.has(output(1)));
    memo.add(output(1));
    REQUIRE(memo.save());
    CHECK(OutputMemo(file).has(output(1)));
    CHECK((*sys::stat_file(file))->size == 16);
  }
}

TEST_CASE("output memo: past its bound the oldest are forgotten") {
  const auto directory = sys::TempDirectory::create("memo");
  const sys::Path file = directory->path() / "memo" / "known";
  constexpr std::size_t k_max = 4;
  OutputMemo first(file, k_max);
  for (int i = 0; i < 3; ++i) first.add(output(i));
  REQUIRE(first.save());
  OutputMemo second(file, k_max);
  for (int i = 3; i < 9; ++i) second.add(output(i));  // two too many
  REQUIRE(second.save());
  const OutputMemo third(file, k_max);
  CHECK(!third.has(output(0)));
  CHECK(third.has(output(6)));
  CHECK(!third.has(output(7)));
}

}  // namespace sluice::agent
