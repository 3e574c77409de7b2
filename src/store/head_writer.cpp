// update_head and replace_manifests: how manifests get into the head of a scope beside other
// writers.
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

struct Current {
  Head head;
  std::optional<std::string> etag;  // nothing: there is no head yet
};

// What an update is about.
struct Place {
  Objects& objects;
  std::string key;
  std::string_view domain;
  const Scope& scope;
  const Trust& trust;
};

// A new head counts on from the newest that was seen.
Head fresh_head(const Place& at) {
  Head head;
  head.domain = at.domain;
  head.scope_name = at.scope.name;
  if (at.trust.memory && at.trust.demands(at.domain))
    head.counter = at.trust.memory->highest(at.key);
  return head;
}

// A damaged, foreign or unbelieved head is replaced, and one that was put back; one of a later
// version that somebody believed has written is an error, and stays.
Result<Current> read_current(const Place& at, Deadline deadline) {
  Current current{fresh_head(at), {}};
  auto object = at.objects.get(at.key, k_head_size_max, deadline);
  if (!object && object.error().code == Code::exhausted) {
    TRY_ASSIGN(const auto info, at.objects.head(at.key, deadline));
    if (info) current.etag = info->etag;
    return current;
  }
  if (!object) return std::unexpected(std::move(object).error());
  if (!*object) return current;
  current.etag = (*object)->etag;
  auto head = believe_head(at.trust, at.domain, at.scope.name, (*object)->bytes);
  if (!head && head.error().code == Code::unsupported) {
    return std::unexpected(std::move(head).error());
  }
  if (head && check_not_replayed(at.trust, at.key, *head)) current.head = std::move(*head);
  return current;
}

// Grows with every try, so that many writers spread out; random, so that two do not keep in step.
void pause_before_try(int attempt, Deadline deadline) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int span_ms = std::min(k_head_backoff_max_ms, 10 << std::min(attempt, 8));
  const int pause_ms = std::uniform_int_distribution<int>(span_ms / 2, span_ms)(random);
  // house: allow sleep (a back-off between tries; k_head_backoff_max_ms bounds it)
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(pause_ms, deadline.left_ms())));
}

bool mentions(const Head& head, const ManifestId& id) {
  return std::ranges::find(head.manifests, id, &ManifestRef::id) != head.manifests.end();
}

struct Written {
  std::uint64_t bytes = 0;
  Head head;
};

Result<Written> update_with_conditions(const Place& at, const ManifestRef& ref, Deadline deadline) {
  for (int attempt = 0; attempt < k_head_tries_max; ++attempt) {
    if (attempt > 0) pause_before_try(attempt, deadline);
    TRY_ASSIGN(Current current, read_current(at, deadline));
    add_to_head(current.head, ref, unix_now_ns());
    TRY_ASSIGN(const Bytes bytes, encode_head(current.head, at.trust.key.get()));
    const PutCondition condition =
        current.etag ? PutCondition::match(*current.etag) : PutCondition::absent();
    TRY_ASSIGN(const PutResult put, at.objects.put(at.key, Body(bytes), condition, deadline));
    if (put.stored) return Written{bytes.size(), std::move(current.head)};
  }
  return fail(Code::conflict,
              fmt::format("other jobs were faster {} times in a row", k_head_tries_max));
}

// Two rounds of write and read back: what a third writer does in between can still drop our
// mention, which costs hits only.
Result<std::uint64_t> update_without_conditions(const Place& at, const ManifestRef& ref,
                                                Deadline deadline) {
  std::uint64_t written = 0;
  for (int attempt = 0; attempt < k_blind_head_writes_max; ++attempt) {
    TRY_ASSIGN(Current current, read_current(at, deadline));
    if (attempt > 0 && mentions(current.head, ref.id)) return written;
    add_to_head(current.head, ref, unix_now_ns());
    TRY_ASSIGN(const Bytes bytes, encode_head(current.head, at.trust.key.get()));
    TRY_ASSIGN(const PutResult put,
               at.objects.put(at.key, Body(bytes), PutCondition::always(), deadline));
    if (put.stored) written += bytes.size();
  }
  return written;
}

// The copy that a head may carry; none where it cannot be had.
Result<Bytes> copy_for_head(Objects& objects, std::string_view domain, const ManifestRef& ref,
                            Deadline deadline) {
  if (ref.size > k_inline_manifest_max) return Bytes();
  TRY_ASSIGN(auto object, objects.get(manifest_key(domain, ref.id), ref.size, deadline));
  if (!object || manifest_id(object->bytes) != ref.id) return Bytes();
  return std::move(object->bytes);
}

// Whether one of them was there.
Result<bool> put_in_places(Objects& objects, Head& head, const Successors& successors,
                           Deadline deadline) {
  bool is_changed = false;
  std::vector<ManifestRef> before = head.manifests;
  for (const ManifestRef& old : before) {
    const auto successor = successors.find(old.id);
    if (successor == successors.end()) continue;
    ManifestRef ref = successor->second;
    if (!old.inlined.empty()) {
      TRY_ASSIGN(ref.inlined, copy_for_head(objects, head.domain, ref, deadline));
    }
    is_changed = replace_in_head(head, old.id, std::move(ref)) || is_changed;
  }
  return is_changed;
}

// The head as it is, where this program may write it anew.
Result<std::optional<Head>> head_to_rewrite(const std::string& key, std::string_view domain,
                                            const std::string& scope_name, ByteView bytes,
                                            const Trust& trust) {
  auto head = decode_head(bytes);
  if (!head || head->domain != domain || head->scope_name != scope_name) return std::nullopt;
  if (!head->signature.is_signed()) return std::optional(std::move(*head));
  const bool is_ours =
      trust.key && trust.keys.check(bytes) && check_not_replayed(trust, key, *head);
  return is_ours ? std::optional(std::move(*head)) : std::nullopt;
}

}  // namespace

Result<Succession> replace_manifests(Objects& objects, std::string_view domain,
                                     const std::string& scope_name, const Successors& successors,
                                     const std::function<bool()>& may_write, Deadline deadline,
                                     const Trust& trust) {
  const std::string key = head_key(domain, scope_name);
  for (int attempt = 0; attempt < k_head_tries_max; ++attempt) {
    if (attempt > 0) pause_before_try(attempt, deadline);
    TRY_ASSIGN(auto object, objects.get(key, k_head_size_max, deadline));
    if (!object) return Succession::none;
    TRY_ASSIGN(auto head, head_to_rewrite(key, domain, scope_name, object->bytes, trust));
    if (!head) return Succession::left;
    TRY_ASSIGN(const bool is_changed, put_in_places(objects, *head, successors, deadline));
    if (!is_changed) return Succession::none;
    const bool is_signed = head->signature.is_signed();
    count_write(*head, unix_now_ns());
    TRY_ASSIGN(const Bytes bytes, encode_head(*head, is_signed ? trust.key.get() : nullptr));
    if (!may_write()) return Succession::left;
    TRY_ASSIGN(const PutResult put,
               objects.put(key, Body(bytes), PutCondition::match(object->etag), deadline));
    if (!put.stored) continue;
    if (is_signed) (void)remember_heads(trust, {&*head});
    return Succession::written;
  }
  return Succession::left;
}

Result<std::uint64_t> update_head(Objects& objects, std::string_view domain, const Scope& scope,
                                  const ManifestRef& ref, Deadline deadline, const Trust& trust) {
  const Place at{objects, head_key(domain, scope.name), domain, scope, trust};
  const Capabilities can = objects.capabilities();
  const auto update = [&]() -> Result<std::uint64_t> {
    if (!can.if_match || !can.if_absent) return update_without_conditions(at, ref, deadline);
    TRY_ASSIGN(const Written written, update_with_conditions(at, ref, deadline));
    // Only where no other write can have come over it. What could not be remembered is noticed
    // less, and is no reason to write again.
    (void)remember_heads(trust, {&written.head});
    return written.bytes;
  };
  auto updated = update();
  if (updated) return updated;
  return std::unexpected(
      std::move(updated).error().in(fmt::format("head of {} {}", name_of(scope.kind), scope.name)));
}

}  // namespace sluice::store
