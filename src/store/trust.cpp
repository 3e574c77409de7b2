#include "store/trust.hpp"

#include "store/layout.hpp"

#include <fmt/format.h>

namespace sluice::store {

Result<Head> believe_head(const Trust& trust, std::string_view domain, std::string_view scope_name,
                          ByteView bytes) {
  if (trust.demands(domain)) TRY(trust.keys.check(bytes));
  TRY_ASSIGN(Head head, decode_head(bytes));
  if (head.domain != domain || head.scope_name != scope_name) {
    return fail(Code::corrupt, "it is the head of another scope");
  }
  return head;
}

Result<void> check_not_replayed(const Trust& trust, std::string_view key, const Head& head) {
  if (!trust.memory || !trust.demands(head.domain)) return {};
  const std::uint64_t highest = trust.memory->highest(key);
  if (head.counter >= highest) return {};
  return fail(Code::untrusted,
              fmt::format("an older one was put back: its counter is {} and {} was seen here",
                          head.counter, highest));
}

Result<Manifest> believe_manifest(const Trust& trust, std::string_view domain, ByteView bytes,
                                  std::size_t records_max) {
  if (trust.demands(domain)) TRY(trust.keys.check(bytes));
  TRY_ASSIGN(Manifest manifest, decode_manifest(bytes, records_max));
  if (manifest.info.domain != domain) {
    return fail(Code::denied, fmt::format("it was written in the trust domain {}, not in {}",
                                          manifest.info.domain, domain));
  }
  return manifest;
}

Result<void> remember_heads(const Trust& trust, const std::vector<const Head*>& heads) {
  if (!trust.memory) return {};
  std::vector<SeenHead> seen;
  for (const Head* head : heads) {
    if (!trust.demands(head->domain)) continue;
    std::string key = head_key(head->domain, head->scope_name);
    if (trust.memory->highest(key) < head->counter) seen.push_back({std::move(key), head->counter});
  }
  return trust.memory->saw(seen);
}

}  // namespace sluice::store
