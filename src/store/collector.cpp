#include "store/collector.hpp"

#include "store/gc_inventory.hpp"
#include "store/gc_rewriter.hpp"
#include "store/gc_state.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace sluice::store {

namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;

constexpr std::size_t k_gc_sweep_at_once = k_gc_batch_max / 2;

Deadline call() { return Deadline::after(k_gc_call_max); }

UnixNanos nanos(auto span) { return duration_cast<nanoseconds>(span).count(); }

// Above every name of an object.
ObjectName end_of_names() {
  ObjectName name{ObjectKind::other, {}};
  name.id.fill(std::byte{0xff});
  return name;
}

class Collector {
 public:
  Collector(Objects& objects, std::string domain, const GcOptions& options)
      : objects_(objects),
        domain_(std::move(domain)),
        options_(options),
        reader_(objects, domain_, options.trust, options.at_once, report_,
                [this](const GcProgress& at) { return tick(at); }) {}

  Result<GcReport> run() {
    TRY(read_state());
    if (!options_.dry_run) TRY(take_lease());
    auto done = work();
    if (is_ours_) {
      auto given = give_back();
      if (done) done = std::move(given);
    }
    if (!done) return std::unexpected(std::move(done).error());
    return std::move(report_);
  }

 private:
  UnixNanos now() const { return options_.clock() + ahead_ns_; }

  Result<void> read_state();
  Result<void> write_state();
  Result<void> take_lease();
  Result<void> learn_the_time();
  Result<void> renew();
  Result<void> give_back();
  Result<void> tick(const GcProgress& at);

  Result<void> work();
  Result<void> read_candidates();
  Result<void> drop_heads();
  bool remove_head(std::size_t head);
  Result<void> keep_changed_heads(const std::vector<std::size_t>& heads);
  void report_plan(const GcFindings& found);
  Result<void> write_candidates(const GcFindings& found);
  Result<void> sweep(const std::vector<std::uint32_t>& doomed);
  Result<void> sweep_batch(const std::vector<std::uint32_t>& batch, const ObjectName& next);
  bool remove_object(std::uint32_t object);
  Result<void> rewrite();
  void failed(const Error& error);

  Objects& objects_;
  const std::string domain_;
  const GcOptions& options_;
  GcReport report_;
  InventoryReader reader_;

  GcState state_;
  std::optional<std::string> etag_;  // of the state as it is in the store; nothing: there is none
  bool is_ours_ = false;             // the lease
  UnixNanos ahead_ns_ = 0;           // the store's clock before ours
  UnixNanos began_ns_ = 0;
  std::vector<GcCandidate> before_;
  std::vector<bool> rescued_;  // by number of object: named since the mark
  GcBatch resisted_;           // what may still go: a removal may arrive late
  std::mutex mutex_;           // the report, while several remove
};

// ---- the state and its lease

// A damaged one is replaced; one of a later version ends the run.
Result<void> Collector::read_state() {
  const std::string key = gc_state_key(domain_);
  state_ = {};
  state_.domain = domain_;
  TRY_ASSIGN(auto object, objects_.get(key, k_gc_state_size_max, call()));
  etag_.reset();
  if (!object) return {};
  etag_ = std::move(object->etag);
  auto state = decode_gc_state(object->bytes);
  if (!state && state.error().code == Code::unsupported) {
    return std::unexpected(std::move(state).error().in(key));
  }
  if (state && state->domain == domain_) state_ = std::move(*state);
  return {};
}

Result<void> Collector::write_state() {
  ++state_.counter;
  TRY_ASSIGN(const Bytes bytes, encode_gc_state(state_));
  const std::string key = gc_state_key(domain_);
  const Capabilities can = objects_.capabilities();
  PutCondition condition = etag_ ? PutCondition::match(*etag_) : PutCondition::absent();
  if (!(etag_ ? can.if_match : can.if_absent)) condition = PutCondition::always();
  TRY_ASSIGN(PutResult put, objects_.put(key, Body(bytes), condition, call()));
  if (put.stored) {
    etag_ = std::move(put.etag);
    return {};
  }
  // A try whose answer was lost is refused by itself.
  TRY_ASSIGN(auto object, objects_.get(key, k_gc_state_size_max, call()));
  if (object && object->bytes == bytes) {
    etag_ = std::move(object->etag);
    return {};
  }
  is_ours_ = false;
  return fail(Code::conflict, "another collector has taken over");
}

// By the age of an object that was written this moment, where the store says one.
Result<void> Collector::learn_the_time() {
  const std::string key = gc_clock_key(domain_);
  TRY(objects_.put(key, Body(ByteView()), PutCondition::always(), call()));
  const UnixNanos ours = options_.clock();
  TRY_ASSIGN(const auto info, objects_.head(key, call()));
  if (info && info->modified_ns) ahead_ns_ = *info->modified_ns - ours;
  return {};
}

Result<void> Collector::take_lease() {
  TRY(learn_the_time());
  const UnixNanos now_ns = now();
  // No lease lasts so long: one that says so was written by a wrong clock.
  const UnixNanos latest = now_ns + 2 * nanos(k_gc_lease);
  if (!state_.holder.empty() && state_.lease_until_ns > now_ns && state_.lease_until_ns < latest) {
    return fail(
        Code::conflict,
        fmt::format("another collector works on {} ({}); try again when it is done, at the "
                    "latest in {} s",
                    domain_, state_.holder, (state_.lease_until_ns - now_ns) / 1'000'000'000 + 1));
  }
  std::erase_if(state_.batches, [&](const GcBatch& batch) {
    return batch.begun_ns <= now_ns - nanos(options_.policy.grace);
  });
  // Room for the own one and for what resists.
  if (state_.batches.size() + 2 > k_gc_batches_max) {
    return fail(Code::exhausted,
                fmt::format("{} collectors died within a grace period; try again when it is over",
                            state_.batches.size()));
  }
  is_ours_ = true;
  state_.holder = options_.holder;
  state_.lease_until_ns = now_ns + nanos(k_gc_lease);
  return write_state();
}

Result<void> Collector::renew() {
  const UnixNanos now_ns = now();
  if (now_ns < state_.lease_until_ns - nanos(k_gc_lease) * 2 / 3) return {};
  state_.lease_until_ns = now_ns + nanos(k_gc_lease);
  return write_state();
}

Result<void> Collector::give_back() {
  state_.holder.clear();
  state_.lease_until_ns = 0;
  return write_state();
}

Result<void> Collector::tick(const GcProgress& at) {
  if (options_.progress) options_.progress(at);
  return is_ours_ ? renew() : Result<void>{};
}

// ---- the run

Result<void> Collector::work() {
  began_ns_ = now();
  TRY(read_candidates());
  TRY(reader_.list());
  TRY(reader_.read_heads());
  const auto is_wanted = [this](std::uint32_t object) {
    const ObjectName& name = reader_.inventory().objects[object].name;
    const auto at = std::ranges::lower_bound(before_, name, {}, &GcCandidate::name);
    const bool is_doomed = at != before_.end() && at->name == name &&
                           is_over(at->since_ns, options_.policy.grace, began_ns_);
    return !is_doomed;
  };
  TRY(reader_.read_manifests(is_wanted));
  report_.live_bytes = choose_heads(reader_.inventory(), options_.policy, began_ns_);
  if (!options_.dry_run) TRY(drop_heads());
  for (const GcHead& head : reader_.inventory().heads) {
    if (head.drop == GcDrop::kept) continue;
    GcDropped& dropped = report_.dropped[{std::string(scope_class(head.scope)), head.drop}];
    ++dropped.heads;
    dropped.bytes += head.freed;
  }
  GcFindings found = find_unnamed(reader_.inventory(), before_, options_.policy.grace, began_ns_);
  if (found.candidates.size() > k_gc_candidates_max) {
    found.candidates.resize(k_gc_candidates_max);
    found.since_ns.resize(k_gc_candidates_max);
    std::erase_if(found.doomed, [&](std::uint32_t each) { return each > found.candidates.back(); });
  }
  report_plan(found);
  if (options_.dry_run) return rewrite();
  TRY(write_candidates(found));
  TRY(sweep(found.doomed));
  auto rewritten = rewrite();
  if (rewritten || !is_ours_) return rewritten;
  failed(rewritten.error());  // what was removed is removed; the next run tries again
  return {};
}

Result<void> Collector::rewrite() {
  const RewriteTurn turn{
      .tick = [this](const GcProgress& at) { return tick(at); },
      .may_write = [this] { return now() <= state_.lease_until_ns - nanos(k_gc_lease_margin); }};
  return rewrite_packs(objects_, domain_, options_, reader_, turn, report_.rewriting);
}

// What cannot be read is begun anew: that costs a grace period, and nothing else.
Result<void> Collector::read_candidates() {
  if (!state_.candidates) return {};
  TRY_ASSIGN(const auto object, objects_.get(gc_candidates_key(domain_, state_.candidates->view()),
                                             k_gc_list_size_max, call()));
  if (!object || sha256_as<GcListId>(object->bytes) != *state_.candidates) return {};
  auto list = decode_gc_candidates(object->bytes);
  if (!list && list.error().code == Code::unsupported) {
    return std::unexpected(std::move(list).error().in("list of candidates"));
  }
  if (!list || list->domain != domain_) return {};
  before_ = standing_candidates(state_, std::move(list->all), began_ns_);
  return {};
}

Result<void> Collector::drop_heads() {
  std::vector<std::size_t> dropped;
  GcInventory& inventory = reader_.inventory();
  for (std::size_t i = 0; i < inventory.heads.size(); ++i) {
    if (inventory.heads[i].drop != GcDrop::kept) dropped.push_back(i);
  }
  std::vector<std::uint8_t> stays(dropped.size());
  run_parallel(dropped.size(), options_.at_once,
               [&](std::size_t i) { stays[i] = remove_head(dropped[i]) ? 0 : 1; });
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < dropped.size(); ++i) {
    if (stays[i] != 0) kept.push_back(dropped[i]);
  }
  return keep_changed_heads(kept);
}

// False when it stays: somebody has written it since it was read, or the store refuses.
bool Collector::remove_head(std::size_t head) {
  const std::string& key = reader_.head_key_of(head);
  const auto info = objects_.head(key, call());
  if (!info) {
    failed(info.error());
    return false;
  }
  if (!*info) return true;
  if ((*info)->etag != reader_.head_etag_of(head)) return false;
  if (const auto removed = objects_.remove(key, call()); !removed) {
    failed(removed.error());
    return false;
  }
  return true;
}

Result<void> Collector::keep_changed_heads(const std::vector<std::size_t>& heads) {
  for (const std::size_t head : heads) {
    GcHead& facts = reader_.inventory().heads[head];
    report_.live_bytes += std::exchange(facts.freed, 0);
    facts.drop = GcDrop::kept;
    ++report_.heads_written_meanwhile;
    TRY(reader_.read_head_again(head));
  }
  if (heads.empty()) return {};
  return reader_.read_manifests([](std::uint32_t) { return false; });
}

void Collector::report_plan(const GcFindings& found) {
  const auto& objects = reader_.inventory().objects;
  const auto add = [&](GcTallies& tallies, std::uint32_t object) {
    const GcObject& each = objects[object];
    tallies[static_cast<std::size_t>(each.name.kind)].add(each.size);
  };
  for (const std::uint32_t each : found.candidates) add(report_.unnamed, each);
  for (const std::uint32_t each : found.doomed) add(report_.doomed, each);
  for (const UnixNanos since_ns : found.since_ns) {
    if (is_over(since_ns, options_.policy.grace, began_ns_)) continue;
    const UnixNanos next_ns = std::min(since_ns, now()) + nanos(options_.policy.grace);
    report_.next_ns = std::min(report_.next_ns.value_or(next_ns), next_ns);
  }
}

Result<void> Collector::write_candidates(const GcFindings& found) {
  const UnixNanos marked_ns = now();
  GcCandidates list{domain_, {}};
  list.all.reserve(found.candidates.size());
  for (std::size_t i = 0; i < found.candidates.size(); ++i) {
    list.all.push_back({reader_.inventory().objects[found.candidates[i]].name,
                        std::min(found.since_ns[i], marked_ns)});
  }
  TRY_ASSIGN(const Bytes bytes, encode_gc_candidates(list));
  const auto id = sha256_as<GcListId>(bytes);
  const std::string key = gc_candidates_key(domain_, id.view());
  TRY(objects_.put(key, Body(bytes), PutCondition::always(), call()));
  state_.candidates = id;
  state_.candidates_size = bytes.size();
  state_.marked_ns = marked_ns;
  state_.doomed_before_ns = began_ns_ - nanos(options_.policy.grace);
  state_.swept_below.reset();
  TRY(write_state());
  for (const std::string& old : reader_.candidate_lists()) {
    if (old == key) continue;
    if (const auto removed = objects_.remove(old, call()); !removed) failed(removed.error());
  }
  return {};
}

// ---- the sweep

Result<void> Collector::sweep(const std::vector<std::uint32_t>& doomed) {
  const auto& objects = reader_.inventory().objects;
  rescued_.resize(objects.size());
  for (std::size_t begin = 0; begin < doomed.size(); begin += k_gc_sweep_at_once) {
    const std::size_t end = std::min(begin + k_gc_sweep_at_once, doomed.size());
    const std::vector<std::uint32_t> batch(doomed.begin() + static_cast<std::ptrdiff_t>(begin),
                                           doomed.begin() + static_cast<std::ptrdiff_t>(end));
    const ObjectName next = end < doomed.size() ? objects[doomed[end]].name : end_of_names();
    TRY(sweep_batch(batch, next));
    TRY(tick({GcStage::removing, end, doomed.size()}));
    // The store refuses: the next run asks again.
    if (resisted_.names.size() > k_gc_batch_max - k_gc_sweep_at_once) return {};
  }
  return {};
}

// The state says what is removed, and only then it is asked what has been named meanwhile: a job
// names something first and reads the state then.
Result<void> Collector::sweep_batch(const std::vector<std::uint32_t>& batch,
                                    const ObjectName& next) {
  GcBatch names{now(), {}};
  for (const std::uint32_t each : batch) {
    names.names.push_back(reader_.inventory().objects[each].name);
  }
  state_.batches.push_back(std::move(names));
  state_.lease_until_ns = now() + nanos(k_gc_lease);
  TRY(write_state());
  TRY_ASSIGN(const auto named, reader_.read_new_manifests());
  for (const std::uint32_t each : named) rescued_[each] = true;
  std::vector<std::uint8_t> is_gone(batch.size());
  run_parallel(batch.size(), options_.at_once, [&](std::size_t i) {
    is_gone[i] = rescued_[batch[i]] || remove_object(batch[i]) ? 1 : 0;
  });
  state_.batches.pop_back();
  const bool has_resisted = !resisted_.names.empty();
  resisted_.begun_ns = now();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (rescued_[batch[i]]) ++report_.rescued;
    if (is_gone[i] == 0) resisted_.names.push_back(reader_.inventory().objects[batch[i]].name);
  }
  if (has_resisted) state_.batches.pop_back();
  if (!resisted_.names.empty()) state_.batches.push_back(resisted_);
  state_.swept_below = next;
  return {};
}

// A process that has slept through its lease removes nothing any more.
bool Collector::remove_object(std::uint32_t object) {
  const GcObject& each = reader_.inventory().objects[object];
  if (now() > state_.lease_until_ns - nanos(k_gc_lease_margin)) {
    failed({Code::timeout, "the lease was about to end"});
    return false;
  }
  const auto removed = objects_.remove(reader_.key_of_object(object), call());
  if (!removed) {
    failed(removed.error());
    return false;
  }
  const std::lock_guard lock(mutex_);
  report_.removed[static_cast<std::size_t>(each.name.kind)].add(each.size);
  return true;
}

void Collector::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (report_.failures++ == 0) report_.first_failure = error.message;
}

}  // namespace

GcTally sum_of(const GcTallies& tallies) {
  GcTally sum;
  for (const GcTally& each : tallies) {
    sum.objects += each.objects;
    sum.bytes += each.bytes;
  }
  return sum;
}

Result<GcReport> collect_domain(Objects& objects, const std::string& domain,
                                const GcOptions& options) {
  const Capabilities can = objects.capabilities();
  if (!can.list || !can.remove) {
    return fail(Code::unsupported,
                fmt::format("{} cannot list and remove: it is collected on its server",
                            objects.describe()));
  }
  auto report = Collector(objects, domain, options).run();
  if (report) return report;
  return std::unexpected(std::move(report).error().in(fmt::format("collect {}", domain)));
}

Result<std::vector<std::string>> list_domains(Objects& objects) {
  std::vector<std::string> domains;
  std::string after;
  for (;;) {
    TRY_ASSIGN(const ListPage page, objects.list("", after, 1, call()));
    if (page.keys.empty()) break;
    const std::string& key = page.keys.front();
    const std::string domain = key.substr(0, key.find('/'));
    // '~' comes after everything that a key may have: on to the next first element.
    after = domain + "/~";
    TRY_ASSIGN(const ListPage own, objects.list(domain_prefix(domain), "", 1, call()));
    if (is_domain(domain) && !own.keys.empty()) domains.push_back(domain);
  }
  std::ranges::sort(domains);  // as names: "a-b/" comes before "a/"
  return domains;
}

}  // namespace sluice::store
