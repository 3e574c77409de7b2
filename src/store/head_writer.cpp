// update_head: how one manifest gets into the head of a scope beside other writers.
#include "store/head.hpp"
#include "store/layout.hpp"
#include "store/publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace sluice::store {

namespace {

struct Current {
  Head head;
  std::optional<std::string> etag;  // nothing: there is no head yet
};

Head fresh_head(std::string_view domain, const Scope& scope) {
  Head head;
  head.domain = domain;
  head.scope_name = scope.name;
  return head;
}

// A damaged or foreign head is replaced; one of a later version is an error, and stays.
Result<Current> read_current(Objects& objects, const std::string& key, std::string_view domain,
                             const Scope& scope, Deadline deadline) {
  Current current{fresh_head(domain, scope), {}};
  auto object = objects.get(key, k_head_size_max, deadline);
  if (!object && object.error().code == Code::exhausted) {
    TRY_ASSIGN(const auto info, objects.head(key, deadline));
    if (info) current.etag = info->etag;
    return current;
  }
  if (!object) return std::unexpected(std::move(object).error());
  if (!*object) return current;
  current.etag = (*object)->etag;
  auto head = decode_head((*object)->bytes);
  if (!head && head.error().code == Code::unsupported) {
    return std::unexpected(std::move(head).error());
  }
  if (head && head->domain == domain && head->scope_name == scope.name) {
    current.head = std::move(*head);
  }
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

Result<std::uint64_t> update_with_conditions(Objects& objects, const std::string& key,
                                             std::string_view domain, const Scope& scope,
                                             const ManifestRef& ref, Deadline deadline) {
  for (int attempt = 0; attempt < k_head_tries_max; ++attempt) {
    if (attempt > 0) pause_before_try(attempt, deadline);
    TRY_ASSIGN(Current current, read_current(objects, key, domain, scope, deadline));
    add_to_head(current.head, ref, unix_now_ns());
    TRY_ASSIGN(const Bytes bytes, encode_head(current.head));
    const PutCondition condition =
        current.etag ? PutCondition::match(*current.etag) : PutCondition::absent();
    TRY_ASSIGN(const PutResult put, objects.put(key, Body(bytes), condition, deadline));
    if (put.stored) return bytes.size();
  }
  return fail(Code::conflict,
              fmt::format("other jobs were faster {} times in a row", k_head_tries_max));
}

// Two rounds of write and read back: what a third writer does in between can still drop our
// mention, which costs hits only.
Result<std::uint64_t> update_without_conditions(Objects& objects, const std::string& key,
                                                std::string_view domain, const Scope& scope,
                                                const ManifestRef& ref, Deadline deadline) {
  std::uint64_t written = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    TRY_ASSIGN(Current current, read_current(objects, key, domain, scope, deadline));
    if (attempt > 0 && mentions(current.head, ref.id)) return written;
    add_to_head(current.head, ref, unix_now_ns());
    TRY_ASSIGN(const Bytes bytes, encode_head(current.head));
    TRY_ASSIGN(const PutResult put,
               objects.put(key, Body(bytes), PutCondition::always(), deadline));
    if (put.stored) written += bytes.size();
  }
  return written;
}

}  // namespace

Result<std::uint64_t> update_head(Objects& objects, std::string_view domain, const Scope& scope,
                                  const ManifestRef& ref, Deadline deadline) {
  const std::string key = head_key(domain, scope.name);
  const Capabilities can = objects.capabilities();
  auto updated = can.if_match && can.if_absent
                     ? update_with_conditions(objects, key, domain, scope, ref, deadline)
                     : update_without_conditions(objects, key, domain, scope, ref, deadline);
  if (updated) return updated;
  return std::unexpected(
      std::move(updated).error().in(fmt::format("head of {} {}", name_of(scope.kind), scope.name)));
}

}  // namespace sluice::store
