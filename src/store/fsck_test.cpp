#include "store/fsck.hpp"

#include "store/collector.hpp"
#include "store/layout.hpp"
#include "store/pack.hpp"
#include "store/publisher.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::body_of;
using testing::MemoryObjects;
using testing::soon;

const Scope k_scope{ScopeKind::branch, "branch:a"};

// A pack with two blobs, one blob as a frame alone, one manifest, one head.
struct Shop {
  Shop() {
    PublishOptions options;
    options.domain = "trusted";
    options.staging = files.staging();
    options.alone_bytes_min = 2000;
    Publisher publisher(objects, options, nullptr);
    std::vector<Record> records;
    for (const std::size_t size : {100U, 200U, 3000U}) {
      const Bytes body = body_of(size, size, true);
      records.push_back(testing::record_of(testing::action_of(size), body));
      REQUIRE(publisher.add_bytes(records.back(), body, soon()).has_value());
    }
    REQUIRE(publisher.flush(soon()).has_value());
    ManifestInfo info;
    info.job_name = "build";
    REQUIRE(publisher.publish(info, records, {k_scope}, soon()).has_value());
  }

  std::string key(const std::string& part) const { return objects.keys(part).at(0); }
  void damage(const std::string& at) {
    Bytes bytes = objects.bytes_at(at);
    bytes[bytes.size() / 2] ^= std::byte{1};
    objects.set(at, bytes);
  }
  FsckReport check(bool repair = false) {
    auto report = check_domain_objects(objects, "trusted", {.repair = repair});
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
    return *report;
  }
  std::uint64_t count(const FsckReport& report, FsckProblem problem) {
    return report.counts[static_cast<std::size_t>(problem)];
  }
  std::size_t records() {
    const auto loaded = load_scopes(objects, {"trusted"}, {k_scope}, soon());
    CHECK(loaded.faults.empty());
    return loaded.manifests.empty() ? 0 : loaded.manifests[0].manifest.entries.size();
  }

  testing::Files files;
  MemoryObjects objects;
};

TEST_CASE("a store that is whole") {
  Shop shop;
  const FsckReport report = shop.check();
  CHECK(report.wrong() == 0);
  CHECK(report.objects == 3);
  CHECK(report.heads == 1);
  CHECK(report.etags == 0);  // this store's are no MD5
}

TEST_CASE("each way of damage is found, said and mended by dropping") {
  struct Way {
    const char* part;
    bool gone;
    std::vector<FsckProblem> problems;
    std::size_t records_left;
  };
  const std::vector<Way> ways = {
      {"/packs/", false, {FsckProblem::damaged, FsckProblem::blob_missing}, 1},
      {"/blobs/", false, {FsckProblem::damaged, FsckProblem::blob_missing}, 2},
      {"/packs/", true, {FsckProblem::blob_missing}, 1},
      {"/blobs/", true, {FsckProblem::blob_missing}, 2},
      {"/manifests/", false, {FsckProblem::damaged, FsckProblem::manifest_missing}, 3},
      {"/manifests/", true, {FsckProblem::manifest_missing}, 3},
      {"/scopes/", false, {FsckProblem::head_damaged}, 0},
  };
  for (const Way& way : ways) {
    CAPTURE(way.part);
    CAPTURE(way.gone);
    Shop shop;
    if (way.gone) {
      shop.objects.erase(shop.key(way.part));
    } else {
      shop.damage(shop.key(way.part));
    }
    const auto before = shop.objects.keys();
    const int puts = shop.objects.puts();
    CHECK(shop.check().wrong() >= 1);
    CHECK(shop.objects.keys() == before);
    CHECK(shop.objects.puts() == puts);
    const FsckReport mended = shop.check(true);
    for (const FsckProblem problem : way.problems) CHECK(shop.count(mended, problem) == 1);
    CHECK(mended.wrong() == way.problems.size());
    for (const FsckFinding& finding : mended.findings) CHECK_FALSE(finding.done.empty());
    CHECK(shop.check().wrong() == 0);
    CHECK(shop.records() == way.records_left);
  }
}

TEST_CASE("what is larger than any of its kind is damaged, and not read") {
  Shop shop;
  shop.objects.set(shop.key("/packs/"), Bytes(k_pack_size_max + 1));
  const FsckReport report = shop.check();
  REQUIRE(shop.count(report, FsckProblem::damaged) == 1);
  CHECK(report.findings.front().what.find("more than one of its kind") != std::string::npos);
}

TEST_CASE("a manifest that no head carries and that is gone is not mentioned any more") {
  Shop shop;
  const std::string head_at = shop.key("/scopes/");
  Head head = *decode_head(shop.objects.bytes_at(head_at));
  head.manifests[0].inlined.clear();
  shop.objects.set(head_at, *encode_head(head));
  CHECK(shop.check().wrong() == 0);
  shop.objects.erase(shop.key("/manifests/"));
  CHECK(shop.check(true).wrong() == 1);
  CHECK(shop.check().wrong() == 0);
  CHECK(shop.records() == 0);
}

TEST_CASE("what a later sluice wrote is not judged") {
  Shop shop;
  const std::string head = shop.key("/scopes/");
  Bytes later = shop.objects.bytes_at(head);
  later[8] = std::byte{2};
  shop.objects.set(head, later);
  const FsckReport report = shop.check(true);
  CHECK(report.wrong() == 0);
  CHECK(report.newer == 1);
  CHECK(shop.objects.bytes_at(head) == later);
}

}  // namespace
}  // namespace sluice::store
