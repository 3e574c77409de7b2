// A world in which jobs and collectors work on one store in memory, one request at a time, in an
// order that a seed decides; with clocks that are wrong, answers that are lost and processes that
// are killed. It watches every write and every removal, and says what broke.
//
// For tests only. One thread runs a world; what plays in it runs in threads of its own, of which
// one is awake at a time. The same seed plays the same way but for the looks that a writer takes
// side by side.
#pragma once

#include "store/collector.hpp"
#include "store/gc_state.hpp"
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/manifest.hpp"
#include "store/publisher.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sluice::store::testing {

inline constexpr UnixNanos k_minute_ns = 60LL * 1'000'000'000;
inline constexpr auto k_world_grace = std::chrono::minutes(600);
inline constexpr const char* k_world_domain = "trusted";

struct WorldRules {
  bool tells_time = true;   // the store says when an object was written
  bool conditions = true;   // and honours conditions
  double loses_answer = 0;  // the chance that an answer does not come, whatever was done
  int actors = 6;
  int crash_percent = 15;  // of those that play
};

class World {
 public:
  World(std::uint64_t seed, WorldRules rules)
      : rules_(rules),
        random_(seed),
        store_({rules.conditions, rules.conditions, true}),
        now_ns_(unix_now_ns()) {
    files_ = std::make_unique<Files>();
  }

  // Plays until everybody is done or dead.
  void play() {
    for (int i = 0; i < rules_.actors; ++i) spawn(chance(40));
    for (;;) {
      std::unique_lock lock(mutex_);
      settled_.wait(lock, [this] { return awake_ == nullptr; });
      std::vector<Actor*> ready;
      for (const auto& actor : actors_) {
        if (!actor->done) ready.push_back(actor.get());
      }
      if (ready.empty()) break;
      Actor& next = *ready[pick(ready.size())];
      pass_time(next);
      awake_ = &next;
      next.wake.notify_one();
    }
    for (const auto& actor : actors_) actor->thread.join();
    actors_.clear();
  }

  // Nothing happens for so long.
  void rest(std::chrono::minutes span) { now_ns_ += span.count() * k_minute_ns; }

  // One collection with nobody beside it.
  Result<GcReport> collect_alone() {
    Actor actor;
    View view(*this, actor);
    actor.alone = true;
    current() = {this, &actor};
    auto report = collect_domain(view, k_world_domain, options(false));
    current() = {};
    return report;
  }

  // What no head leads to, and a collector does not keep for itself.
  std::set<std::string> unnamed() const {
    std::set<std::string> left;
    for (const std::string& key : store_.keys()) {
      const auto name = object_name(k_world_domain, key);
      if (name && !named_.contains(*name)) left.insert(key);
    }
    return left;
  }

  const std::vector<std::string>& broken() const { return broken_; }
  std::uint64_t removed() const { return removed_; }
  std::uint64_t published() const { return published_; }
  std::uint64_t rescued() const { return rescued_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  struct Actor {
    bool is_job = false;
    bool alone = false;
    bool done = false;
    bool killed = false;
    int steps_left = 0;         // before it is killed; negative: never
    UnixNanos skew_ns = 0;      // of its clock
    UnixNanos dies_ns = 0;      // no job runs longer
    std::set<ObjectName> read;  // what it has in its index
    std::condition_variable wake;
    std::thread thread;
  };
  struct Current {
    World* world = nullptr;
    Actor* actor = nullptr;
  };
  static Current& current() {
    thread_local Current now;
    return now;
  }
  static UnixNanos clock() {
    const Current& now = current();
    return now.world->now_ns_ + now.actor->skew_ns;
  }

  // The store as one actor sees it: before every request all others may have their turn.
  class View final : public Objects {
   public:
    View(World& world, Actor& actor) : world_(world), actor_(actor) {}

    Capabilities capabilities() const override { return world_.store_.capabilities(); }
    std::string describe() const override { return "world"; }
    Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                      Deadline deadline) override {
      TRY(turn());
      auto object = world_.store_.get(key, size_max, deadline);
      if (actor_.is_job && object && *object) world_.job_reads(actor_, key, (*object)->bytes);
      return object;
    }
    Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                           const codec::ByteSink& sink, Deadline deadline) override {
      TRY(turn());
      return world_.store_.get_range(key, offset, length, sink, deadline);
    }
    Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                          Deadline deadline) override {
      TRY(turn());
      auto put = world_.store_.put(key, body, condition, deadline);
      if (put && put->stored) world_.is_written(std::string(key), body);
      if (world_.loses_answer(actor_)) return fail(Code::unavailable, "the answer was lost");
      return put;
    }
    Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) override {
      // Looks side by side come from threads that take no turns.
      if (current().actor == &actor_) TRY(turn());
      TRY_ASSIGN(auto info, world_.store_.head(key, deadline));
      const std::lock_guard lock(world_.times_mutex_);
      const auto time = world_.times_.find(std::string(key));
      if (info && world_.rules_.tells_time && time != world_.times_.end()) {
        info->modified_ns = time->second;
      }
      return info;
    }
    Result<void> remove(std::string_view key, Deadline deadline) override {
      TRY(turn());
      TRY(world_.store_.remove(key, deadline));
      world_.is_removed(std::string(key));
      if (world_.loses_answer(actor_)) return fail(Code::unavailable, "the answer was lost");
      return {};
    }
    Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                          Deadline deadline) override {
      TRY(turn());
      return world_.store_.list(prefix, after, limit, deadline);
    }

   private:
    Result<void> turn() {
      if (actor_.alone) return {};
      if (world_.yield(actor_)) return {};
      return fail(Code::unavailable, "killed");
    }
    World& world_;
    Actor& actor_;
  };

  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(int percent) { return static_cast<int>(pick(100)) < percent; }
  bool loses_answer(const Actor& actor) {
    if (actor.alone) return false;
    return rules_.loses_answer > 0 && std::bernoulli_distribution(rules_.loses_answer)(random_);
  }

  // A killed one gets no answers any more.
  bool yield(Actor& actor) {
    std::unique_lock lock(mutex_);
    awake_ = nullptr;
    settled_.notify_one();
    actor.wake.wait(lock, [&] { return awake_ == &actor; });
    if (actor.steps_left == 0 || (actor.is_job && now_ns_ >= actor.dies_ns)) actor.killed = true;
    if (actor.steps_left > 0) --actor.steps_left;
    return !actor.killed;
  }

  // Mostly little, sometimes hours: so that grace periods end in the middle of everything.
  void pass_time(const Actor& next) {
    UnixNanos minutes = static_cast<UnixNanos>(pick(3));
    if (!next.is_job && chance(4)) minutes = 30 + static_cast<UnixNanos>(pick(900));
    now_ns_ += minutes * k_minute_ns;
  }

  void spawn(bool collects) {
    auto made = std::make_unique<Actor>();
    Actor& actor = *made;
    actor.is_job = !collects;
    actor.steps_left = chance(rules_.crash_percent) ? static_cast<int>(pick(40)) : -1;
    // Without the store's time the grace period has to cover the clocks too.
    const UnixNanos skew_max = (rules_.tells_time ? 100'000 : 60) * k_minute_ns;
    actor.skew_ns = std::uniform_int_distribution<UnixNanos>(-skew_max, skew_max)(random_);
    actors_.push_back(std::move(made));
    actor.thread = std::thread([this, &actor, seed = random_()] {
      current() = {this, &actor};
      {
        std::unique_lock lock(mutex_);
        actor.wake.wait(lock, [&] { return awake_ == &actor; });
      }
      actor.dies_ns = now_ns_ + (k_world_grace.count() - 2 * 61) * k_minute_ns;
      if (actor.is_job) {
        for (std::uint64_t run = 0; run < 3 && !actor.killed; ++run) work_as_job(actor, seed + run);
      } else {
        for (int run = 0; run < 3 && !actor.killed; ++run) work_as_collector(actor);
      }
      const std::lock_guard lock(mutex_);
      actor.done = true;
      awake_ = nullptr;
      settled_.notify_one();
    });
  }

  GcOptions options(bool drops) {
    GcOptions made;
    made.at_once = 1;
    made.clock = &World::clock;
    made.holder = std::to_string(++holders_);
    made.policy.grace = k_world_grace;
    made.policy.age_max = std::chrono::hours(24 * 365 * 10);
    if (drops && chance(30)) made.policy.drop_scopes = {"branch:" + std::to_string(pick(3))};
    if (drops && chance(20)) made.policy.size_max = pick(40'000);
    return made;
  }

  void work_as_collector(Actor& actor) {
    View view(*this, actor);
    const auto report = collect_domain(view, k_world_domain, options(true));
    if (report) rescued_ += report->rescued;
    if (report) actor.steps_left = -1;
  }

  // Reads a scope, makes and finds a few things out of few, and publishes what it used and made.
  void work_as_job(Actor& actor, std::uint64_t seed) {
    View view(*this, actor);
    actor.read.clear();
    actor.dies_ns = now_ns_ + (k_world_grace.count() - 2 * 61) * k_minute_ns;
    const Scope scope{ScopeKind::branch, "branch:" + std::to_string(pick(3))};
    LoadedScopes loaded = load_scopes(view, {k_world_domain}, {scope}, soon());
    auto index = std::make_shared<Index>();
    for (LoadedManifest& one : loaded.manifests) index->add(std::move(one.manifest), one.from);
    std::vector<Record> records;
    for (const Entry* entry : index->in_use_order()) {
      if (chance(60)) records.push_back(entry->record);
    }
    PublishOptions options;
    options.domain = k_world_domain;
    options.staging = files_->path() / std::to_string(seed);
    options.alone_bytes_min = 600;
    Publisher publisher(view, options, index);
    const std::size_t count = 1 + pick(5);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t number = pick(8);
      // Small ones become packs, which are the same when they hold the same.
      const Bytes body = body_of(number, number < 4 ? 900 + number : 100 + number);
      Record record = record_of(action_of(number), body);
      if (!publisher.add_bytes(record, body, soon())) return;
      if (publisher.report().faults.empty()) records.push_back(std::move(record));
      if (chance(30) && !publisher.flush(soon())) return;
    }
    if (!publisher.flush(soon())) return;
    ManifestInfo info;
    info.job_name = std::to_string(pick(2));
    info.job_id = std::to_string(seed % 5);
    info.created_ns = static_cast<UnixNanos>(pick(3));
    const auto done = publisher.publish(info, records, {scope}, soon());
    if (!done || !*done) return;
    ++published_;
    std::set<ActionId> wanted;
    for (const Record& record : records) wanted.insert(record.action);
    left_out_ += wanted.size() - (*done)->manifest.entries.size();
  }

  void job_reads(Actor& actor, std::string_view key, ByteView bytes) {
    if (!key.starts_with(domain_prefix(k_world_domain) + "scopes/")) return;
    const auto head = decode_head(bytes);
    if (!head) return;
    for (const ManifestRef& ref : head->manifests) add_names(ref, actor.read);
  }

  // The manifest, and what it names.
  static void add_names(const ManifestRef& ref, std::set<ObjectName>& names) {
    names.insert(name_of(ref.id));
    const auto manifest = decode_manifest(ref.inlined);
    if (!manifest) return;
    for (const Entry& entry : manifest->entries) {
      names.insert(object_name(entry.record.output, entry.location));
    }
  }

  void is_written(const std::string& key, const Body& body) {
    {
      const std::lock_guard lock(times_mutex_);
      times_[key] = now_ns_;
    }
    if (!key.starts_with(domain_prefix(k_world_domain) + "scopes/")) return;
    const auto head = decode_head(*body.in_memory());
    std::set<ObjectName>& names = by_head_[key];
    std::set<ObjectName> now;
    for (const ManifestRef& ref : head->manifests) add_names(ref, now);
    for (const ObjectName& name : now) {
      if (!names.contains(name) && store_.keys(key_of(k_world_domain, name)).empty()) {
        broken_.push_back("published what is gone: " + key_of(k_world_domain, name));
      }
    }
    names = std::move(now);
    name_all();
  }

  void is_removed(const std::string& key) {
    if (by_head_.erase(key) > 0) return name_all();
    const auto name = object_name(k_world_domain, key);
    if (!name) return;
    ++removed_;
    if (named_.contains(*name)) broken_.push_back("removed what a head names: " + key);
    for (const auto& actor : actors_) {
      if (actor->done || actor->killed || !actor->is_job || now_ns_ >= actor->dies_ns) continue;
      if (actor->read.contains(*name)) broken_.push_back("removed what a job has read: " + key);
    }
  }

  void name_all() {
    named_.clear();
    for (const auto& [key, names] : by_head_) named_.insert(names.begin(), names.end());
  }

  WorldRules rules_;
  std::mt19937_64 random_;
  MemoryObjects store_;
  UnixNanos now_ns_;
  std::unique_ptr<Files> files_;
  std::mutex mutex_;  // whose turn it is
  std::condition_variable settled_;
  Actor* awake_ = nullptr;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::mutex times_mutex_;
  std::map<std::string, UnixNanos> times_;
  std::map<std::string, std::set<ObjectName>> by_head_;
  std::set<ObjectName> named_;
  std::vector<std::string> broken_;
  std::uint64_t holders_ = 0;
  std::uint64_t removed_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t rescued_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace sluice::store::testing
