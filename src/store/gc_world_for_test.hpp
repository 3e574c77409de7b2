// A world in which jobs and collectors work on one store in memory, one request at a time, in an
// order that a seed decides; with clocks that are wrong, answers that are lost and processes that
// are killed. It watches every write and every removal, and says what broke. A rule that jobs and
// collectors keep can be taken from them, to see that the world notices.
//
// For tests only. One thread runs a world; what plays in it runs in threads of its own, of which
// one is awake at a time. The same seed plays the same way but for the looks that a writer takes
// side by side.
#pragma once

#include "store/collector.hpp"
#include "store/fetch.hpp"
#include "store/gc_state.hpp"
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/manifest.hpp"
#include "store/publisher.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"
#include "store/trust.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sluice::store::testing {

inline constexpr UnixNanos k_minute_ns = 60LL * 1'000'000'000;
inline constexpr auto k_world_grace = std::chrono::minutes(600);
inline constexpr const char* k_world_domain = "trusted";
// No removal and no head of a collector is on its way for longer: a grace period, less what clocks
// may differ and a lease.
inline constexpr UnixNanos k_world_late_ns = (k_world_grace.count() - 2 * 61 - 10) * k_minute_ns;

struct WorldRules {
  bool tells_time = true;   // the store says when an object was written
  bool conditions = true;   // and honours conditions
  double loses_answer = 0;  // the chance that an answer does not come, whatever was done
  int actors = 6;
  int crash_percent = 15;  // of those that play
  unsigned pack_live_percent = 80;
  bool are_signed = false;  // what jobs write; collectors have the key
  // Rules, each of which can be broken:
  bool jobs_ask = true;        // the state, before they publish
  bool lists_again = true;     // a collector, what was named since its mark
  bool two_marks = true;       // a collector needs to remove something; else one is enough
  bool manifests_keep = true;  // what they name, until they go
  bool drops_nothing = true;   // a rewritten manifest has all its records
  bool leaves_times = true;    // a rewritten head is as old as it was
};

class World {
 public:
  World(std::uint64_t seed, WorldRules rules)
      : rules_(rules),
        random_(seed),
        store_({rules.conditions, rules.conditions, true}),
        now_ns_(unix_now_ns()) {
    files_ = std::make_unique<Files>();
    if (chance(60)) step_ns_ = k_minute_ns / 20;
    trust_ = Trust{k_world_domain};
    if (!rules.are_signed) return;
    trust_.key = std::make_shared<const SigningKey>(*SigningKey::from_seed(body_of(seed, 32)));
    trust_.keys.trust(trust_.key->public_key());
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
  Result<GcReport> collect_alone(bool rewrites) {
    Actor actor;
    View view(*this, actor);
    actor.alone = true;
    current() = {this, &actor};
    GcOptions asked = options(false);
    if (!rewrites) asked.policy.pack_live_percent = 0;
    auto report = collect_domain(view, k_world_domain, asked);
    current() = {};
    return report;
  }

  // Everything that a head leads to is there, and is what it should be.
  void read_all() {
    for (const auto& [key, head] : heads_) {
      for (const ManifestRef& ref : head.manifests) {
        for (const Entry& entry : manifest_of(ref).entries) {
          const auto fetched =
              fetch_blob(store_, entry, [](ByteView) -> Result<void> { return {}; }, soon());
          if (!fetched) broken_.push_back(fetched.error().message);
        }
      }
    }
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
  std::uint64_t rewritten() const { return rewritten_; }

 private:
  struct Actor {
    bool is_job = false;
    bool alone = false;
    bool done = false;
    bool killed = false;
    int steps_left = 0;                           // before it is killed; negative: never
    UnixNanos skew_ns = 0;                        // of its clock
    UnixNanos dies_ns = 0;                        // no job runs longer
    std::set<ObjectName> read;                    // what it has in its index
    std::optional<std::set<std::string>> listed;  // manifests, by its mark
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
      if (!world_.pretended_.empty() && world_.is_pretended(key)) {
        return Object{world_.pretended_, "pretended"};
      }
      if (!world_.rules_.jobs_ask && actor_.is_job && key == gc_state_key(k_world_domain)) {
        return std::nullopt;
      }
      auto object = world_.store_.get(key, size_max, deadline);
      if (!world_.rules_.two_marks && !actor_.is_job && object) {
        world_.pretend_marked(key, *object);
      }
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
      const bool is_head = key.starts_with(domain_prefix(k_world_domain) + "scopes/");
      TRY(turn(is_head));
      const bool rewrites = is_head && !actor_.is_job;
      const Bytes bytes = rewrites ? world_.rewritten_head(*body.in_memory()) : Bytes();
      auto put = world_.store_.put(key, rewrites ? Body(bytes) : body, condition, deadline);
      if (put && put->stored) {
        world_.is_written(std::string(key), rewrites ? Body(bytes) : body, rewrites);
      }
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
      TRY(turn(true));
      TRY(world_.store_.remove(key, deadline));
      world_.is_removed(std::string(key));
      if (world_.loses_answer(actor_)) return fail(Code::unavailable, "the answer was lost");
      return {};
    }
    Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                          Deadline deadline) override {
      TRY(turn());
      TRY_ASSIGN(ListPage page, world_.store_.list(prefix, after, limit, deadline));
      if (prefix != domain_prefix(k_world_domain) + "manifests/") return page;
      const auto hide = [&page](const auto& is_hidden) {
        std::erase_if(page.keys, is_hidden);
        page.sizes.resize(page.keys.size());  // nobody here looks at the size of a manifest
      };
      if (!world_.rules_.manifests_keep) {
        hide([this](const std::string& key) {
          return !world_.named_.contains(*object_name(k_world_domain, key));
        });
      }
      if (!world_.rules_.lists_again) {
        if (!actor_.listed) actor_.listed.emplace(page.keys.begin(), page.keys.end());
        hide([this](const std::string& key) { return !actor_.listed->contains(key); });
      }
      return page;
    }

   private:
    // Of a collector nothing that it decided long ago may arrive.
    Result<void> turn(bool comes_in_time = false) {
      if (actor_.alone) return {};
      const UnixNanos sent_ns = world_.now_ns_;
      bool lives = world_.yield(actor_);
      if (comes_in_time && !actor_.is_job && world_.now_ns_ - sent_ns >= k_world_late_ns) {
        actor_.killed = true;
        lives = false;
      }
      if (lives) return {};
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
    now_ns_ += static_cast<UnixNanos>(pick(3)) * step_ns_;
    if (!next.is_job && chance(step_ns_ < k_minute_ns ? 1 : 4)) {
      now_ns_ += (30 + static_cast<UnixNanos>(pick(900))) * k_minute_ns;
    }
  }

  void spawn(bool collects) {
    auto made = std::make_unique<Actor>();
    Actor& actor = *made;
    actor.is_job = !collects;
    const std::size_t steps = collects ? 100 : 40;
    actor.steps_left = chance(rules_.crash_percent) ? static_cast<int>(pick(steps)) : -1;
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
    made.policy.pack_live_percent = rules_.pack_live_percent;
    made.trust = trust_;
    made.policy.age_max = std::chrono::hours(24 * 365 * 10);
    if (drops && chance(30)) made.policy.drop_scopes = {"branch:" + std::to_string(pick(3))};
    if (drops && chance(20)) made.policy.size_max = pick(200'000);
    return made;
  }

  // Says that an earlier mark has found everything unnamed, long ago.
  void pretend_marked(std::string_view key, std::optional<Object>& object) {
    if (!object) return;
    if (key != gc_state_key(k_world_domain)) return;
    GcCandidates list{k_world_domain, {}};
    for (const std::string& each : store_.keys()) {
      const auto name = object_name(k_world_domain, each);
      if (name) list.all.push_back({*name, 0});
    }
    std::ranges::sort(list.all, {}, &GcCandidate::name);
    auto state = decode_gc_state(object->bytes);
    if (!state || !state->candidates) return;
    pretended_ = *encode_gc_candidates(list);
    state->candidates = sha256_as<GcListId>(pretended_);
    state->swept_below.reset();
    object->bytes = *encode_gc_state(*state);
  }

  bool is_pretended(std::string_view key) const {
    return key == gc_candidates_key(k_world_domain, sha256_as<GcListId>(pretended_).view());
  }

  void work_as_collector(Actor& actor) {
    View view(*this, actor);
    actor.listed.reset();
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
    LoadedScopes loaded = load_scopes(view, trust_, {scope}, soon());
    auto index = std::make_shared<Index>();
    for (LoadedManifest& one : loaded.manifests) index->add(std::move(one.manifest), one.from);
    std::vector<Record> records;
    for (const Entry* entry : index->in_use_order()) {
      if (chance(50)) records.push_back(entry->record);
    }
    PublishOptions options;
    options.domain = k_world_domain;
    options.staging = files_->path() / std::to_string(seed);
    options.alone_bytes_min = 12'000;
    options.trust = trust_;
    Publisher publisher(view, options, index);
    const std::size_t count = 1 + pick(6);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t number = pick(9);
      // Small ones become packs, which are the same when they hold the same.
      const Bytes body = body_of(number, number < 3 ? 13'000 + number : 1000 * number);
      Record record = record_of(action_of(number), body);
      if (!publisher.add_bytes(record, body, soon())) return;
      if (publisher.report().faults.empty()) records.push_back(std::move(record));
      if (chance(15) && !publisher.flush(soon())) return;
    }
    if (!publisher.flush(soon())) return;
    ManifestInfo info;
    info.job_name = std::to_string(pick(2));
    info.job_id = std::to_string(seed % 2);
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

  Manifest manifest_of(const ManifestRef& ref) const {
    auto manifest = decode_manifest(ref.inlined);
    return manifest ? std::move(*manifest) : Manifest{};
  }

  // As the collector has made it, or with a rule broken.
  Bytes rewritten_head(ByteView bytes) {
    Head head = *decode_head(bytes);
    if (!rules_.leaves_times) head.updated_ns = now_ns_;
    if (!rules_.drops_nothing) {
      ManifestRef& ref = head.manifests.front();
      Manifest manifest = manifest_of(ref);
      manifest.entries.pop_back();
      ref.inlined = *encode_manifest(manifest, trust_.key.get());
      ref.id = manifest_id(ref.inlined);
      store_.set(manifest_key(k_world_domain, ref.id), ref.inlined);
    }
    const bool as_it_is = rules_.leaves_times && rules_.drops_nothing;
    return as_it_is ? copy_of(bytes) : *encode_head(head, trust_.key.get());
  }

  // What a collector makes of a head: other places of the same records, and nothing else.
  void is_rewritten(const std::string& key, const Head& now) {
    ++rewritten_;
    const Head& before = heads_[key];
    const auto breaks = [&](const char* what) { broken_.push_back(what + (" " + key)); };
    if (now.updated_ns != before.updated_ns) breaks("made younger or older:");
    if (now.counter <= before.counter) breaks("its counter did not grow:");
    if (now.signature.is_signed() != rules_.are_signed) breaks("signed otherwise:");
    if (now.manifests.size() != before.manifests.size()) return breaks("lost a mention:");
    for (std::size_t i = 0; i < now.manifests.size(); ++i) {
      const ManifestRef& old = before.manifests[i];
      const ManifestRef& ref = now.manifests[i];
      if (ref.job_name != old.job_name || ref.job_id != old.job_id) breaks("another job's place:");
      Manifest was = manifest_of(old);
      Manifest is = manifest_of(ref);
      was.info.created_ns = is.info.created_ns;  // a moment later where it was there already
      const auto same_record = [](const Entry& a, const Entry& b) { return a.record == b.record; };
      if (was.info != is.info || !std::ranges::equal(was.entries, is.entries, same_record)) {
        breaks("changed a record:");
      }
    }
  }

  void is_written(const std::string& key, const Body& body, bool by_collector) {
    {
      const std::lock_guard lock(times_mutex_);
      times_[key] = now_ns_;
    }
    if (!key.starts_with(domain_prefix(k_world_domain) + "scopes/")) return;
    const auto head = decode_head(*body.in_memory());
    if (by_collector) is_rewritten(key, *head);
    heads_[key] = *head;
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
    heads_.erase(key);
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
  UnixNanos step_ns_ =
      k_minute_ns;  // in some worlds a lease ends in the middle of nearly every run
  std::unique_ptr<Files> files_;
  Trust trust_;
  Bytes pretended_;   // a list of candidates
  std::mutex mutex_;  // whose turn it is
  std::condition_variable settled_;
  Actor* awake_ = nullptr;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::mutex times_mutex_;
  std::map<std::string, UnixNanos> times_;
  std::map<std::string, Head> heads_;
  std::map<std::string, std::set<ObjectName>> by_head_;
  std::set<ObjectName> named_;
  std::vector<std::string> broken_;
  std::uint64_t holders_ = 0;
  std::uint64_t removed_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t rescued_ = 0;
  std::uint64_t left_out_ = 0;
  std::uint64_t rewritten_ = 0;
};

}  // namespace sluice::store::testing
