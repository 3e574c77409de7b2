#include "store/gc_plan.hpp"

#include "base/glob.hpp"

#include <algorithm>
#include <numeric>

namespace sluice::store {

namespace {

UnixNanos nanos(std::chrono::milliseconds span) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(span).count();
}

// How many heads list each manifest and how many listed manifests name each object, so that letting
// go of one head costs what it names.
class Counts {
 public:
  explicit Counts(const GcInventory& inventory)
      : inventory_(inventory),
        of_manifest_(inventory.manifests.size()),
        of_object_(inventory.objects.size()) {}

  void take(const GcHead& head) {
    for (const std::uint32_t manifest : head.manifests) {
      if (of_manifest_[manifest]++ > 0) continue;
      each_object(manifest, [this](std::uint32_t object) {
        if (of_object_[object]++ == 0) bytes_ += inventory_.objects[object].size;
      });
    }
  }

  // The bytes that are named by nothing any more.
  std::uint64_t let_go(const GcHead& head) {
    const std::uint64_t before = bytes_;
    for (const std::uint32_t manifest : head.manifests) {
      if (--of_manifest_[manifest] > 0) continue;
      each_object(manifest, [this](std::uint32_t object) {
        if (--of_object_[object] == 0) bytes_ -= inventory_.objects[object].size;
      });
    }
    return before - bytes_;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  template <class Visit>
  void each_object(std::uint32_t number, const Visit& visit) {
    const GcManifest& manifest = inventory_.manifests[number];
    if (manifest.object) visit(*manifest.object);
    for (const std::uint32_t object : manifest.names) visit(object);
  }

  const GcInventory& inventory_;
  std::vector<std::uint32_t> of_manifest_;
  std::vector<std::uint32_t> of_object_;
  std::uint64_t bytes_ = 0;
};

// A scope's name is no path: a star stands for its slashes too.
std::string without_slashes(std::string text) {
  std::ranges::replace(text, '/', '\0');
  return text;
}

bool is_to_be_dropped(const GcHead& head, const GcPolicy& policy) {
  return std::ranges::any_of(policy.drop_scopes, [&head](const std::string& pattern) {
    return matches_glob(without_slashes(head.scope), without_slashes(pattern));
  });
}

}  // namespace

std::optional<std::uint32_t> GcInventory::find(const ObjectName& name) const {
  const auto at = std::ranges::lower_bound(objects, name, {}, &GcObject::name);
  if (at == objects.end() || at->name != name) return std::nullopt;
  return static_cast<std::uint32_t>(at - objects.begin());
}

std::uint64_t choose_heads(GcInventory& inventory, const GcPolicy& policy, UnixNanos now_ns) {
  Counts counts(inventory);
  std::vector<std::size_t> oldest_first(inventory.heads.size());
  std::iota(oldest_first.begin(), oldest_first.end(), std::size_t{0});
  std::ranges::stable_sort(oldest_first, {},
                           [&](std::size_t i) { return inventory.heads[i].updated_ns; });
  for (const GcHead& head : inventory.heads) counts.take(head);
  const auto drop = [&](GcHead& head, GcDrop why) {
    head.drop = why;
    head.freed = counts.let_go(head);
  };
  for (const std::size_t i : oldest_first) {
    GcHead& head = inventory.heads[i];
    if (is_to_be_dropped(head, policy)) {
      drop(head, GcDrop::scope);
    } else if (head.updated_ns < now_ns - nanos(policy.age_max)) {
      drop(head, GcDrop::age);
    }
  }
  for (const std::size_t i : oldest_first) {
    if (!policy.size_max || counts.bytes() <= *policy.size_max) break;
    if (inventory.heads[i].drop == GcDrop::kept) drop(inventory.heads[i], GcDrop::size);
  }
  return counts.bytes();
}

bool is_over(UnixNanos since_ns, std::chrono::milliseconds grace, UnixNanos began_ns) {
  return since_ns <= began_ns - nanos(grace);
}

GcFindings find_unnamed(const GcInventory& inventory, const std::vector<GcCandidate>& before,
                        std::chrono::milliseconds grace, UnixNanos began_ns) {
  const std::size_t count = inventory.objects.size();
  std::vector<UnixNanos> since_ns(count, k_gc_since_now);
  for (const GcCandidate& each : before) {
    if (const auto object = inventory.find(each.name)) since_ns[*object] = each.since_ns;
  }
  std::vector<bool> by_heads(inventory.manifests.size());
  for (const GcHead& head : inventory.heads) {
    if (head.drop != GcDrop::kept) continue;
    for (const std::uint32_t manifest : head.manifests) by_heads[manifest] = true;
  }
  // A manifest keeps what it names until it goes itself.
  std::vector<bool> named(count);
  for (std::size_t i = 0; i < inventory.manifests.size(); ++i) {
    const GcManifest& manifest = inventory.manifests[i];
    const bool stays =
        by_heads[i] || !manifest.object || !is_over(since_ns[*manifest.object], grace, began_ns);
    if (!stays) continue;
    for (const std::uint32_t object : manifest.names) named[object] = true;
    if (by_heads[i] && manifest.object) named[*manifest.object] = true;
  }
  GcFindings found;
  for (std::uint32_t object = 0; object < count; ++object) {
    if (named[object]) continue;
    found.candidates.push_back(object);
    found.since_ns.push_back(since_ns[object]);
    if (is_over(since_ns[object], grace, began_ns)) found.doomed.push_back(object);
  }
  return found;
}

std::vector<GcCandidate> standing_candidates(const GcState& state,
                                             std::vector<GcCandidate> candidates,
                                             UnixNanos now_ns) {
  std::erase_if(candidates, [&](const GcCandidate& each) {
    const bool swept = state.swept_below && each.since_ns <= state.doomed_before_ns &&
                       each.name < *state.swept_below;
    return swept || is_being_removed(state, each.name);
  });
  for (GcCandidate& each : candidates) each.since_ns = std::min(each.since_ns, now_ns);
  return candidates;
}

std::string_view scope_class(std::string_view scope) { return scope.substr(0, scope.find(':')); }

}  // namespace sluice::store
