#include "gotool/tier_carrying.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace sluice::gotool {
namespace {

struct Place {
  sys::TempDirectory directory = *sys::TempDirectory::create("carry");
  LocalTier shared = *LocalTier::open(directory.path() / "shared");
  LocalTier own = *LocalTier::open_over(directory.path() / "own", directory.path() / "shared");
};

ActionId action_of(std::string_view name) { return sha256_as<ActionId>(bytes_of(name)); }

BlobId put(const LocalTier& tier, std::string_view action, const std::string& text) {
  const auto output = sha256_as<BlobId>(bytes_of(text));
  REQUIRE(tier.put(action_of(action), output, bytes_of(text), 1'700'000'000'000'000'000));
  return output;
}

std::string content(const LocalHit& hit) {
  const auto bytes = sys::read_file(hit.disk_path, 1U << 24U);
  REQUIRE(bytes);
  return std::string(text_of(**bytes));
}

}  // namespace

TEST_CASE("carrying: what the shared tier has is found in a job's own, and stays when it goes") {
  const Place at;
  const BlobId output = put(at.shared, "a", "hello");
  const auto hit = at.own.find(action_of("a"));
  REQUIRE(hit);
  REQUIRE(*hit);
  CHECK((*hit)->disk_path == at.own.blob_path(output));
  CHECK((*hit)->time_ns == 1'700'000'000'000'000'000);
  CHECK(content(**hit) == "hello");
  REQUIRE(sys::remove_tree(at.shared.directory()));
  const auto again = at.own.find(action_of("a"));
  REQUIRE(again);
  REQUIRE(*again);
  CHECK(content(**again) == "hello");
}

TEST_CASE("carrying: what a job makes nobody else sees before it is carried back") {
  const Place at;
  put(at.own, "made", std::string(100'000, 'x'));
  put(at.shared, "there", "old");
  REQUIRE(at.own.find(action_of("there")));
  const auto unseen = at.shared.find(action_of("made"));
  REQUIRE(unseen);
  CHECK_FALSE(*unseen);
  const auto carried = carry_new(at.own, at.shared);
  REQUIRE(carried);
  CHECK(carried->entries == 1);
  CHECK(carried->bytes == 100'000);
  REQUIRE(sys::remove_tree(at.own.directory()));
  const auto hit = at.shared.find(action_of("made"));
  REQUIRE(hit);
  REQUIRE(*hit);
  CHECK(content(**hit) == std::string(100'000, 'x'));
}

TEST_CASE("carrying: damaged data goes neither way") {
  const Place at;
  const BlobId lower = put(at.shared, "a", "hello");
  REQUIRE(sys::write_file_atomic(at.shared.blob_path(lower), bytes_of("jello")));
  const auto hit = at.own.find(action_of("a"));
  REQUIRE(hit);
  CHECK_FALSE(*hit);
  CHECK_FALSE(at.own.has_blob(lower, 5));
  const BlobId upper = put(at.own, "b", "world");
  REQUIRE(sys::write_file_atomic(at.own.blob_path(upper), bytes_of("wormd")));
  const auto carried = carry_new(at.own, at.shared);
  REQUIRE(carried);
  CHECK(carried->entries == 0);
  CHECK(carried->damaged == 1);
}

TEST_CASE("carrying: data alone, and entries of no bytes") {
  const Place at;
  const BlobId output = put(at.shared, "a", "hello");
  CHECK(at.own.has_blob(output, 5));
  CHECK_FALSE(at.own.has_blob(output, 6));
  REQUIRE(at.shared.put_empty(action_of("empty"), 5));
  const auto hit = at.own.find(action_of("empty"));
  REQUIRE(hit);
  REQUIRE(*hit);
  CHECK((*hit)->size == 0);
}

TEST_CASE("carrying: an executable in its directory stays where it is") {
  const Place at;
  const sys::Path source = at.directory.path() / "program";
  REQUIRE(sys::write_file_atomic(source, bytes_of("#!/bin/sh\n")));
  const auto output = sha256_as<BlobId>(bytes_of("#!/bin/sh\n"));
  REQUIRE(at.shared.put_executable(action_of("x"), output, 10, "program", source, 5));
  const auto hit = at.own.find(action_of("x"));
  REQUIRE(hit);
  CHECK_FALSE(*hit);
}

TEST_CASE("carrying: without a tier below there is one") {
  const auto directory = sys::TempDirectory::create("carry");
  const auto tier = LocalTier::open_over(directory->path() / "own", {});
  REQUIRE(tier);
  const auto hit = tier->find(action_of("a"));
  REQUIRE(hit);
  CHECK_FALSE(*hit);
}

}  // namespace sluice::gotool
