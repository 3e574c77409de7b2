#include "store/publisher.hpp"

#include "store/fetch.hpp"
#include "store/layout.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

namespace sluice::store {
namespace {

using testing::action_of;
using testing::body_of;
using testing::Files;
using testing::MemoryObjects;
using testing::record_of;
using testing::soon;

const Scope k_branch{ScopeKind::branch, "branch:github.com/o/r:main"};
const Scope k_commit{ScopeKind::commit, "commit:github.com/o/r:1234"};

PublishOptions options_for(const Files& files, std::string domain = "trusted") {
  PublishOptions options;
  options.domain = std::move(domain);
  options.staging = files.staging();
  options.pack_bytes_target = 64U << 10U;
  options.alone_bytes_min = 32U << 10U;
  return options;
}

ManifestInfo info_of(std::string job_name) {
  ManifestInfo info;
  info.domain = "trusted";
  info.job_name = std::move(job_name);
  info.job_id = "17";
  info.created_ns = 1;
  return info;
}

// A job that publishes bodies under numbered actions.
struct Job {
  explicit Job(Objects& objects, std::string name = "build",
               std::shared_ptr<const Index> known = nullptr)
      : job_name(std::move(name)), publisher(objects, options_for(files), std::move(known)) {}

  Result<void> add(std::uint64_t action, const Bytes& body) {
    records.push_back(record_of(action_of(action), body));
    if (body.empty()) return publisher.add(records.back(), files.path() / "none", soon());
    return publisher.add(records.back(), files.write(body), soon());
  }

  Result<std::optional<Published>> publish(const std::vector<Scope>& scopes = {k_branch}) {
    TRY(publisher.flush(soon()));
    return publisher.publish(info_of(job_name), records, scopes, soon());
  }

  Files files;
  std::string job_name;
  std::vector<Record> records;
  Publisher publisher;
};

Index loaded_index(Objects& objects, const std::vector<Scope>& scopes = {k_branch}) {
  LoadedScopes loaded = load_scopes(objects, {"trusted"}, scopes, soon());
  for (const Error& fault : loaded.faults) FAIL_CHECK(fault.message);
  Index index;
  for (LoadedManifest& one : loaded.manifests) index.add(std::move(one.manifest), one.from);
  return index;
}

Bytes fetched(Objects& objects, const Entry& entry) {
  Bytes bytes;
  const auto got = fetch_blob(
      objects, entry,
      [&](ByteView piece) -> Result<void> {
        append(bytes, piece);
        return {};
      },
      soon());
  CHECK_MESSAGE(got.has_value(), (got ? "" : got.error().message));
  return bytes;
}

TEST_CASE("what one job publishes another one reads, in order of use") {
  MemoryObjects objects;
  Job job(objects);
  const std::vector<Bytes> bodies = {body_of(1, 3000, true), {},
                                     body_of(2, 100),        body_of(3, 200'000, true),
                                     body_of(4, 150'000),    body_of(5, 31'000)};
  for (std::size_t i = 0; i < bodies.size(); ++i) REQUIRE(job.add(i, bodies[i]).has_value());
  REQUIRE(job.publish({k_branch, k_commit}).has_value());
  for (const Scope& scope : {k_branch, k_commit}) {
    const Index index = loaded_index(objects, {scope});
    REQUIRE(index.size() == bodies.size());
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const Entry* entry = index.in_use_order()[i];
      CHECK(entry->record == job.records[i]);
      CHECK(fetched(objects, *entry) == bodies[i]);
    }
  }
  // Small ones together, large ones alone.
  CHECK(objects.keys("/packs/").size() == 1);
  CHECK(objects.keys("/blobs/").size() == 2);
  CHECK(objects.keys(".zst").size() == 2);
  const PublishReport& report = job.publisher.report();
  CHECK(report.blobs_up == 5);
  CHECK(report.objects_up == objects.keys().size());
  std::uint64_t size = 0;
  for (const std::string& key : objects.keys()) size += objects.bytes_at(key).size();
  CHECK(report.bytes_up == size);
  CHECK(std::filesystem::is_empty(job.files.staging()));
}

TEST_CASE("what the index knows is not uploaded again and stays in the manifest") {
  MemoryObjects objects;
  const Bytes small = body_of(1, 3000);
  const Bytes large = body_of(2, 90'000);
  Job first(objects);
  REQUIRE(first.add(1, small).has_value());
  REQUIRE(first.add(2, large).has_value());
  REQUIRE(first.publish().has_value());
  const auto known = std::make_shared<const Index>(loaded_index(objects));
  Job second(objects, "test", known);
  REQUIRE(second.add(1, small).has_value());
  REQUIRE(second.add(3, large).has_value());
  REQUIRE(second.publish({k_commit}).has_value());
  CHECK(second.publisher.report().blobs_up == 0);
  const Index index = loaded_index(objects, {k_commit});
  CHECK(index.size() == 2);
  CHECK(fetched(objects, *index.find(action_of(3))) == large);
  // Unknown to this one, but there: asked for, not sent.
  Job third(objects, "lint");
  REQUIRE(third.add(4, large).has_value());
  REQUIRE(third.publish({k_commit}).has_value());
  CHECK(third.publisher.report().blobs_up == 0);
  CHECK(fetched(objects, *loaded_index(objects, {k_commit}).find(action_of(4))) == large);
}

TEST_CASE("a large blob that another version compressed otherwise is taken as it lies there") {
  MemoryObjects objects;
  const Bytes large = body_of(2, 90'000, true);
  Job job(objects);
  const Bytes theirs = codec::zstd_compress(large, {.level = 12});
  objects.set(blob_key("trusted", sha256_as<BlobId>(large), Encoding::zstd), theirs);
  REQUIRE(job.add(1, large).has_value());
  REQUIRE(job.publish().has_value());
  const Index index = loaded_index(objects);
  CHECK(index.find(action_of(1))->location.stored_size == theirs.size());
  CHECK(fetched(objects, *index.find(action_of(1))) == large);
}

TEST_CASE("what lies under a large blob's name and cannot be it is replaced") {
  MemoryObjects objects;
  const Bytes large = body_of(2, 90'000, true);
  Job job(objects);
  objects.set(blob_key("trusted", sha256_as<BlobId>(large), Encoding::zstd), body_of(3, 200'000));
  REQUIRE(job.add(1, large).has_value());
  REQUIRE(job.publish().has_value());
  CHECK(fetched(objects, *loaded_index(objects).find(action_of(1))) == large);
}

TEST_CASE("a blob that was gone or damaged is uploaded anew") {
  MemoryObjects objects;
  const Bytes small = body_of(1, 3000);
  const Bytes large = body_of(2, 90'000);
  Job first(objects);
  REQUIRE(first.add(1, small).has_value());
  REQUIRE(first.add(2, large).has_value());
  REQUIRE(first.publish().has_value());
  for (const std::string& key : objects.keys("/packs/")) objects.set(key, body_of(9, 4000));
  for (const std::string& key : objects.keys("/blobs/")) objects.set(key, body_of(9, 90'000));
  Job second(objects, "build", std::make_shared<const Index>(loaded_index(objects)));
  for (const Record& record : first.records) second.publisher.distrust(record.output);
  REQUIRE(second.add(1, small).has_value());
  REQUIRE(second.add(2, large).has_value());
  REQUIRE(second.publish().has_value());
  const Index index = loaded_index(objects);
  CHECK(fetched(objects, *index.find(action_of(1))) == small);
  CHECK(fetched(objects, *index.find(action_of(2))) == large);
}

TEST_CASE("locations in a domain that readers do not believe are not used") {
  MemoryObjects objects;
  const Bytes body = body_of(1, 3000);
  Job fork(objects);
  PublishOptions options = options_for(fork.files, "fork");
  Publisher publisher(objects, options, nullptr);
  const Record record = record_of(action_of(1), body);
  REQUIRE(publisher.add(record, fork.files.write(body), soon()).has_value());
  REQUIRE(publisher.flush(soon()).has_value());
  REQUIRE(publisher.publish(info_of("x"), {record}, {k_branch}, soon()).has_value());
  for (const std::string& key : objects.keys()) CHECK(key.starts_with("fork/v1/"));
  LoadedScopes loaded = load_scopes(objects, {"fork"}, {k_branch}, soon());
  REQUIRE(loaded.manifests.size() == 1);
  Index index;
  index.add(std::move(loaded.manifests[0].manifest), ScopeKind::branch);
  Job trusted(objects, "build", std::make_shared<const Index>(std::move(index)));
  REQUIRE(trusted.add(1, body).has_value());
  REQUIRE(trusted.publish().has_value());
  CHECK(trusted.publisher.report().blobs_up == 1);
  CHECK(load_scopes(objects, {"trusted"}, {k_branch}, soon()).faults.empty());
}

TEST_CASE("a file that is not its blob is left out, and the others go on") {
  MemoryObjects objects;
  Job job(objects);
  REQUIRE(job.add(1, body_of(1, 100)).has_value());
  for (const std::size_t size : {200U, 90'000U}) {
    Record record = record_of(action_of(size), body_of(2, size));
    const sys::Path longer = job.files.write(body_of(3, size + 1));
    const sys::Path shorter = job.files.write(body_of(3, size - 1));
    const sys::Path other = job.files.write(body_of(3, size));
    for (const sys::Path& file : {longer, shorter, other}) {
      const auto added = job.publisher.add(record, file, soon());
      REQUIRE_FALSE(added.has_value());
      CHECK(added.error().code == Code::corrupt);
    }
    const auto gone = job.publisher.add(record, job.files.path() / "gone", soon());
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().code == Code::not_found);
    job.records.push_back(record);
  }
  Record huge = record_of(action_of(5), body_of(5, 10));
  huge.size = k_blob_size_max + 1;
  CHECK(job.publisher.add(huge, job.files.path() / "gone", soon()).error().code == Code::exhausted);
  job.records.push_back(huge);
  REQUIRE(job.add(2, body_of(4, 100)).has_value());
  REQUIRE(job.publish().has_value());
  CHECK(loaded_index(objects).size() == 2);
  CHECK(objects.keys("/blobs/").empty());
  CHECK(std::filesystem::is_empty(job.files.staging()));
}

TEST_CASE("a store that fails costs nothing but a try, and memory stays bounded") {
  MemoryObjects objects;
  Job job(objects);
  bool down = true;
  objects.before_put = [&](std::string_view) -> Result<void> {
    if (down) return fail(Code::unavailable, "down");
    return {};
  };
  int failed = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    if (!job.add(i, body_of(i, 10'000))) ++failed;
  }
  CHECK(failed > 20);  // not taken in: two packs at most are held
  CHECK_FALSE(job.publish().has_value());
  down = false;
  for (std::uint64_t i = 0; i < 40; ++i) {
    CHECK(job.publisher.add(job.records[i], job.files.path() / job.records[i].output.hex(), soon())
              .has_value());
  }
  REQUIRE(job.publish().has_value());
  const Index index = loaded_index(objects);
  CHECK(index.size() == 40);
  for (std::uint64_t i = 0; i < 40; ++i) {
    CHECK(fetched(objects, *index.find(action_of(i))) == body_of(i, 10'000));
  }
}

TEST_CASE("nothing to publish is said, and writes nothing") {
  MemoryObjects objects;
  Job job(objects);
  job.records.push_back(record_of(action_of(1), body_of(1, 10)));
  const auto published = job.publish();
  REQUIRE(published.has_value());
  CHECK_FALSE(published->has_value());
  CHECK(objects.keys().empty());
}

TEST_CASE("two jobs on one scope: both are there afterwards") {
  for (const bool conditions : {true, false}) {
    CAPTURE(conditions);
    MemoryObjects objects({conditions, conditions, true});
    Job build(objects, "build");
    Job test(objects, "test");
    REQUIRE(build.add(1, body_of(1, 100)).has_value());
    REQUIRE(test.add(2, body_of(2, 100)).has_value());
    // The second writes its head between the first one's read and write, once.
    bool met = false;
    objects.before_put = [&](std::string_view key) -> Result<void> {
      if (met || key.find("/scopes/") == std::string_view::npos) return {};
      met = true;
      CHECK(test.publish().has_value());
      return {};
    };
    REQUIRE(build.publish().has_value());
    REQUIRE(met);
    const Index index = loaded_index(objects);
    CHECK(index.find(action_of(1)) != nullptr);
    // Without conditions the later write may forget the other, who would add itself again when it
    // looks; here it had already looked.
    CHECK((index.find(action_of(2)) != nullptr) == conditions);
  }
}

TEST_CASE("without conditions a writer who was overtaken adds itself once more") {
  MemoryObjects objects({false, false, true});
  Job first(objects, "build");
  REQUIRE(first.add(1, body_of(1, 100)).has_value());
  REQUIRE(first.publish().has_value());
  const std::string key = objects.keys("/scopes/").at(0);
  const Bytes older = objects.bytes_at(key);
  Job second(objects, "test");
  REQUIRE(second.add(2, body_of(2, 100)).has_value());
  // Right after the second's write somebody puts the older head back, once.
  int reads = 0;
  objects.before_get = [&](std::string_view asked) -> Result<void> {
    if (asked == key && ++reads == 2) objects.set(key, older);
    return {};
  };
  REQUIRE(second.publish().has_value());
  objects.before_get = nullptr;
  CHECK(loaded_index(objects).size() == 2);
}

TEST_CASE("many writers at once lose nothing where conditions hold") {
  MemoryObjects objects;
  constexpr std::uint64_t k_jobs = 8;
  std::vector<std::thread> threads;
  std::atomic<int> published = 0;
  for (std::uint64_t i = 0; i < k_jobs; ++i) {
    threads.emplace_back([&, i] {
      Job job(objects, "job " + std::to_string(i));
      if (job.add(i, body_of(i, 100)) && job.publish({k_branch, k_commit})) ++published;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(published == k_jobs);
  CHECK(loaded_index(objects, {k_branch}).size() == k_jobs);
  CHECK(loaded_index(objects, {k_commit}).size() == k_jobs);
}

TEST_CASE("a large blob is looked for only when the store refuses a second copy") {
  MemoryObjects objects;
  const Bytes large = body_of(9, 100'000);
  Job first(objects);
  REQUIRE(first.add(1, large).has_value());
  CHECK(objects.heads() == 0);
  Job second(objects, "other");
  REQUIRE(second.add(1, large).has_value());
  CHECK(objects.heads() == 1);
  CHECK(second.publisher.report().bytes_up == 0);
  // Where no condition is honoured nobody refuses: a look comes first.
  MemoryObjects blind({false, false, true});
  Job third(blind);
  REQUIRE(third.add(1, large).has_value());
  CHECK(blind.heads() == 1);
}

TEST_CASE("a large blob of another size is believed when its bytes are right, else replaced") {
  const Bytes large = body_of(9, 100'000, true);
  for (const bool right : {true, false}) {
    MemoryObjects objects;
    Job first(objects);
    REQUIRE(first.add(1, large).has_value());
    const std::vector<std::string> keys = objects.keys("/blobs/");
    REQUIRE(keys.size() == 1);
    const Bytes ours = objects.bytes_at(keys[0]);
    const Bytes other = right ? codec::zstd_compress(large, {.level = 19}) : Bytes(100);
    REQUIRE(other.size() != ours.size());
    objects.set(keys[0], other);
    Job second(objects, "other");
    REQUIRE(second.add(1, large).has_value());
    REQUIRE(second.publish().has_value());
    CHECK(objects.bytes_at(keys[0]) == (right ? other : ours));
    const Index index = loaded_index(objects);
    const Entry* entry = index.find(testing::action_of(1));
    REQUIRE(entry != nullptr);
    CHECK(entry->location.stored_size == objects.bytes_at(keys[0]).size());
  }
}

TEST_CASE("a damaged head is replaced, a newer one is left alone") {
  MemoryObjects objects;
  const std::string key = head_key("trusted", k_branch.name);
  Job job(objects);
  REQUIRE(job.add(1, body_of(1, 100)).has_value());
  for (const Bytes& bad : {Bytes(), body_of(1, 300), Bytes(k_head_size_max + 1)}) {
    objects.set(key, bad);
    REQUIRE(job.publish().has_value());
    CHECK(loaded_index(objects).size() == 1);
  }
  Bytes newer = objects.bytes_at(key);
  newer[k_magic_size] = std::byte{7};
  objects.set(key, newer);
  const auto refused = job.publish();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::unsupported);
  CHECK(objects.bytes_at(key) == newer);
  // One scope failing is a fault, not a failure.
  REQUIRE(job.publish({k_branch, k_commit}).has_value());
  CHECK(job.publisher.report().faults.size() == 1);
}

// Everything a job stored, with one object changed at random: what comes is right or does not come.
TEST_CASE("damage anywhere gives a fault or a miss, never wrong bytes") {
  MemoryObjects clean;
  Job job(clean);
  std::map<ActionId, Bytes> bodies;
  for (std::uint64_t i = 0; i < 12; ++i) {
    const Bytes body = i % 5 == 4 ? body_of(i, 40'000, true) : body_of(i, i * 300, i % 2 == 0);
    REQUIRE(job.add(i, body).has_value());
    bodies[action_of(i)] = body;
  }
  REQUIRE(job.publish().has_value());
  const std::vector<std::string> keys = clean.keys();

  class Check final : public BatchSink {
   public:
    Bytes bytes;
    const std::map<ActionId, Bytes>* bodies = nullptr;
    Result<codec::ByteSink> open(const Entry&) override {
      bytes.clear();
      return codec::ByteSink([this](ByteView piece) -> Result<void> {
        append(bytes, piece);
        return {};
      });
    }
    void done(const Entry& entry, Result<void> result) override {
      if (!result) return;
      const auto right = bodies->find(entry.record.action);
      RC_ASSERT(right != bodies->end());
      RC_ASSERT(right->second == bytes);
    }
  };

  CHECK(rc::check("damage", [&] {
    MemoryObjects objects;
    for (const std::string& key : keys) objects.set(key, clean.bytes_at(key));
    const std::string key = *rc::gen::elementOf(keys);
    Bytes bytes = clean.bytes_at(key);
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    if (*rc::gen::arbitrary<bool>()) {
      bytes.resize(at);
    } else {
      bytes[at] ^= static_cast<std::byte>(1U << *rc::gen::inRange(0U, 8U));
    }
    objects.set(key, std::move(bytes));
    const LoadedScopes loaded = load_scopes(objects, {"trusted"}, {k_branch}, soon());
    for (const LoadedManifest& one : loaded.manifests) {
      std::vector<const Entry*> entries;
      for (const Entry& entry : one.manifest.entries) entries.push_back(&entry);
      Check sink;
      sink.bodies = &bodies;
      RC_ASSERT(fetch_batch(objects, entries, sink, soon()).has_value());
    }
  }));
}

}  // namespace
}  // namespace sluice::store
