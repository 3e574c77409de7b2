#include "store/gc_guard.hpp"

#include "store/gc_state.hpp"
#include "store/parallel.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

// Nothing where nobody collects. What cannot be understood or read by its rights names no batch.
Result<std::optional<GcState>> current_state(Objects& objects, const std::string& domain,
                                             Deadline deadline) {
  auto object = objects.get(gc_state_key(domain), k_gc_state_size_max, deadline);
  if (!object) {
    if (object.error().code == Code::denied) return std::nullopt;
    if (object.error().code == Code::exhausted) return GcState();
    return std::unexpected(std::move(object).error());
  }
  if (!*object) return std::nullopt;
  return decode_gc_state((*object)->bytes).value_or(GcState());
}

}  // namespace

Result<std::set<ObjectName>> unsafe_objects(Objects& objects, const std::string& domain,
                                            const OwnObjects& own, Deadline deadline) {
  std::set<ObjectName> unsafe;
  if (own.empty() || !objects.capabilities().list) return unsafe;
  TRY_ASSIGN(const auto state, current_state(objects, domain, deadline));
  if (!state) return unsafe;
  std::vector<ObjectName> asked;
  for (const auto& [name, was_there] : own) {
    if (is_being_removed(*state, name)) {
      unsafe.insert(name);
    } else if (was_there) {
      asked.push_back(name);
    }
  }
  std::vector<Result<bool>> is_there(asked.size(), false);
  run_parallel(asked.size(), k_gc_looks_at_once, [&](std::size_t i) {
    auto info = objects.head(key_of(domain, asked[i]), deadline);
    is_there[i] = info ? Result<bool>(info->has_value())
                       : Result<bool>(std::unexpected(std::move(info).error()));
  });
  for (std::size_t i = 0; i < asked.size(); ++i) {
    TRY_ASSIGN(const bool there, std::move(is_there[i]));
    if (!there) unsafe.insert(asked[i]);
  }
  return unsafe;
}

}  // namespace sluice::store
