#include "agent/index_keeper.hpp"

#include "agent/testing.hpp"
#include "store/publisher.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using store::testing::MemoryObjects;

// Publishes records first..last of one job into the scopes that a job of this machine writes.
void publish(MemoryObjects& objects, const testing::Machine& machine, const std::string& job_name,
             const std::string& job_id, int first, int last) {
  store::testing::Files files;
  store::PublishOptions options;
  options.domain = "trusted";
  options.staging = files.staging();
  store::Publisher publisher(objects, options, nullptr);
  std::vector<store::Record> records;
  for (int i = first; i <= last; ++i) {
    const Bytes body = testing::body_of(i, 300);
    records.push_back(store::testing::record_of(testing::action_of(i), body));
    REQUIRE(publisher.add(records.back(), files.write(body), testing::soon()));
  }
  REQUIRE(publisher.flush(testing::soon()));
  store::ManifestInfo info;
  info.domain = "trusted";
  info.job_name = job_name;
  info.job_id = job_id;
  info.go_version = machine.config.go_version;
  info.platform = platform_name();
  info.created_ns = unix_now_ns();
  const auto go_mod = sys::read_file(machine.config.checkout / "go.mod", 1000);
  const Scopes scopes = scopes_of(Job{}, machine.config.go_version, **go_mod, std::nullopt);
  REQUIRE(publisher.publish(info, records, scopes.write, testing::soon()));
}

TEST_CASE("the union of all jobs answers, this job's own order comes ahead") {
  testing::Machine machine;
  MemoryObjects objects;
  publish(objects, machine, "lint", "l", 0, 9);
  publish(objects, machine, "unit", "u", 5, 14);
  FaultBook faults;
  IndexKeeper keeper(machine.config, objects, faults);
  keeper.load_copy();
  CHECK(keeper.current() == nullptr);
  keeper.refresh(machine.env);
  const auto index = keeper.current();
  REQUIRE(index != nullptr);
  CHECK(index->size() == 15);
  const auto ahead = keeper.ahead(index);
  REQUIRE(ahead.size() == 10);
  CHECK(ahead.front()->record.action == testing::action_of(5));
  CHECK(!keeper.write_scopes().empty());
  CHECK(keeper.own_records().empty());
}

TEST_CASE("what an earlier agent of this very job published counts as the job's") {
  testing::Machine machine;
  MemoryObjects objects;
  publish(objects, machine, "unit", machine.config.publisher_id(), 0, 3);
  FaultBook faults;
  IndexKeeper keeper(machine.config, objects, faults);
  keeper.refresh(machine.env);
  CHECK(keeper.own_records().size() == 4);
}

TEST_CASE("what this job has published is found after it") {
  testing::Machine machine;
  MemoryObjects objects;
  publish(objects, machine, "unit", "u", 0, 3);
  FaultBook faults;
  IndexKeeper keeper(machine.config, objects, faults);
  keeper.refresh(machine.env);
  const auto before = keeper.current();
  store::Manifest own;
  own.entries.push_back(
      {store::testing::record_of(testing::action_of(7), testing::body_of(7, 300)), {}});
  keeper.add_own(own);
  CHECK(before->size() == 4);
  CHECK(keeper.current()->size() == 5);
  const auto* found = keeper.current()->find(testing::action_of(7));
  REQUIRE(found != nullptr);
  CHECK(keeper.current()->scope_of(*found) == keeper.write_scopes().front().kind);
}

TEST_CASE("the copy on disk answers before the store does, and outlives a broken store") {
  testing::Machine machine;
  MemoryObjects objects;
  publish(objects, machine, "unit", "u", 0, 9);
  FaultBook faults;
  {
    IndexKeeper keeper(machine.config, objects, faults);
    keeper.refresh(machine.env);
  }
  IndexKeeper keeper(machine.config, objects, faults);
  keeper.load_copy();
  REQUIRE(keeper.current() != nullptr);
  CHECK(keeper.current()->size() == 10);
  CHECK(keeper.is_copy());
  CHECK(keeper.wait_any([] { return false; }) != nullptr);
  objects.before_get = [](std::string_view) -> Result<void> {
    return fail(Code::unavailable, "the store is down");
  };
  keeper.refresh(machine.env);
  CHECK(keeper.wait_fresh(testing::soon(), [] { return false; })->size() == 10);
  CHECK(!faults.all().empty());
  CHECK(keeper.is_copy());
  objects.before_get = nullptr;
  keeper.refresh(machine.env);
  CHECK_FALSE(keeper.is_copy());
}

TEST_CASE("a damaged copy is as good as none") {
  testing::Machine machine;
  MemoryObjects objects;
  FaultBook faults;
  {
    IndexKeeper keeper(machine.config, objects, faults);
    publish(objects, machine, "unit", "u", 0, 9);
    keeper.refresh(machine.env);
  }
  REQUIRE(sys::list_directory(
      machine.config.cache_directory / "index", [&](std::string_view name) -> Result<void> {
        return sys::write_file_atomic(machine.config.cache_directory / "index" / name,
                                      bytes_of("not an index"));
      }));
  IndexKeeper keeper(machine.config, objects, faults);
  keeper.load_copy();
  CHECK(keeper.current() == nullptr);
}

TEST_CASE("what nobody believed has signed is no index, and no copy of other keys is") {
  testing::Machine machine;
  MemoryObjects objects;
  publish(objects, machine, "unit", "u", 0, 9);  // unsigned
  FaultBook faults;
  {
    IndexKeeper keeper(machine.config, objects, faults);
    CHECK(keeper.refresh(machine.env));
  }
  const SigningKey key = *SigningKey::from_seed(store::testing::body_of(1, 32));
  machine.config.trusted_keys = store::public_key_text(key.public_key());
  machine.config.domain = "fork";
  machine.config.read_domains = {"fork", "trusted"};
  IndexKeeper keeper(machine.config, objects, faults,
                     trust_of(machine.config, objects, machine.env));
  keeper.load_copy();
  CHECK(keeper.current() == nullptr);
  CHECK(keeper.refresh(machine.env));  // an answer, though none that is believed
  CHECK(keeper.may_publish());
  REQUIRE(keeper.current() != nullptr);
  CHECK(keeper.current()->empty());
  CHECK(faults.all().contains("trust"));
  CHECK_FALSE(faults.all().contains("store"));
}

TEST_CASE("who shall sign and has no key publishes nothing") {
  testing::Machine machine;
  MemoryObjects objects;
  const SigningKey key = *SigningKey::from_seed(store::testing::body_of(1, 32));
  machine.config.trusted_keys = store::public_key_text(key.public_key());
  machine.config.signer = machine.config.trusted_keys.substr(0, 16);
  FaultBook faults;
  const IndexKeeper keeper(machine.config, objects, faults,
                           trust_of(machine.config, objects, machine.env));
  CHECK_FALSE(keeper.may_publish());
  CHECK(faults.all().contains("trust"));
}

}  // namespace
}  // namespace sluice::agent
