#include "store/whole_objects.hpp"

#include "store/layout.hpp"
#include "store/objects_view.hpp"
#include "store/pack.hpp"
#include "store/remote_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <utility>

namespace sluice::store {

namespace {

class WholeObjects final : public ObjectsView {
 public:
  explicit WholeObjects(std::unique_ptr<Objects> objects)
      : ObjectsView(*objects), owned_(std::move(objects)) {}

  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override;
  Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                        Deadline deadline) override {
    forget(key);
    auto put = ObjectsView::put(key, body, condition, deadline);
    forget(key);  // what was brought meanwhile may be the old one
    return put;
  }
  Result<void> remove(std::string_view key, Deadline deadline) override {
    forget(key);
    return ObjectsView::remove(key, deadline);
  }

 private:
  struct Copy {
    std::string key;
    bool done = false;
    Result<std::optional<Object>> object = std::nullopt;

    bool is_there() const { return done && object && *object; }
    std::uint64_t size() const { return is_there() ? (*object)->bytes.size() : 0; }
  };
  using CopyPtr = std::shared_ptr<Copy>;

  Result<CopyPtr> bring(std::string_view key, Deadline deadline);
  void forget(std::string_view key);
  void trim_locked();

  const std::unique_ptr<Objects> owned_;
  std::mutex mutex_;
  std::condition_variable brought_;
  std::list<CopyPtr> copies_;  // the most recently used first
};

// Done, whatever came of it.
Result<WholeObjects::CopyPtr> WholeObjects::bring(std::string_view key, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto at = std::ranges::find(copies_, key, [](const CopyPtr& copy) { return copy->key; });
  if (at != copies_.end()) {
    CopyPtr copy = *at;  // holds it whatever the list forgets
    copies_.splice(copies_.begin(), copies_, at);
    if (brought_.wait_until(lock, deadline.at(), [&] { return copy->done; })) return copy;
    return fail(Code::timeout, "the deadline passed");
  }
  CopyPtr copy = std::make_shared<Copy>();
  copy->key = key;
  copies_.push_front(copy);
  lock.unlock();
  auto object = objects_.get(key, k_pack_size_max, deadline);
  lock.lock();
  copy->object = std::move(object);
  copy->done = true;
  if (!copy->is_there()) copies_.remove(copy);  // the next one asks again
  trim_locked();
  brought_.notify_all();
  return copy;
}

void WholeObjects::forget(std::string_view key) {
  const std::lock_guard lock(mutex_);
  copies_.remove_if([key](const CopyPtr& copy) { return copy->key == key; });
}

// Whoever reads from a copy holds it.
void WholeObjects::trim_locked() {
  std::uint64_t bytes = 0;
  copies_.remove_if([&bytes](const CopyPtr& copy) {
    bytes += copy->size();
    return copy->done && bytes > k_whole_bytes_max;
  });
}

Result<bool> WholeObjects::get_range(std::string_view key, std::uint64_t offset,
                                     std::uint64_t length, const codec::ByteSink& sink,
                                     Deadline deadline) {
  if (!is_read_in_parts(key) || length == 0) {
    return objects_.get_range(key, offset, length, sink, deadline);
  }
  TRY_ASSIGN(const CopyPtr copy, bring(key, deadline));
  if (!copy->object) return std::unexpected(copy->object.error());
  if (!*copy->object) return false;
  const ByteView bytes = (*copy->object)->bytes;
  if (offset > bytes.size() || length > bytes.size() - offset) {
    return fail(Code::corrupt, fmt::format("{}: get {}: it ends before the range does", describe(),
                                           short_key(key)));
  }
  TRY(Body(bytes).part(offset, length).each(sink));
  return true;
}

}  // namespace

std::unique_ptr<Objects> with_whole_objects(std::unique_ptr<Objects> objects) {
  return std::make_unique<WholeObjects>(std::move(objects));
}

}  // namespace sluice::store
