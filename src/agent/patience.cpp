#include "agent/patience.hpp"

#include "store/objects_view.hpp"

#include <algorithm>
#include <utility>

namespace sluice::agent {

using std::chrono::microseconds;

namespace {

class WatchedObjects final : public store::ObjectsView {
 public:
  WatchedObjects(store::Objects& objects, Patience& lookups, Patience& uploads)
      : ObjectsView(objects), lookups_(lookups), uploads_(uploads) {
    objects_.observe_waits([&lookups, &uploads](bool begins) {
      lookups.blocked(Patience::Clock::now(), begins);
      uploads.blocked(Patience::Clock::now(), begins);
    });
  }

  Result<std::optional<store::Object>> get(std::string_view key, std::uint64_t size_max,
                                           Deadline deadline) override {
    auto object = objects_.get(key, size_max, deadline);
    if (object) answered(*object ? (*object)->bytes.size() : 0);
    return object;
  }
  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override {
    auto found = objects_.get_range(
        key, offset, length,
        [&](ByteView piece) {
          moved(piece.size());
          return sink(piece);
        },
        deadline);
    if (found) answered(0);
    return found;
  }
  Result<store::PutResult> put(std::string_view key, const store::Body& body,
                               const store::PutCondition& condition, Deadline deadline) override {
    const store::Body seen = body.watched(
        [this](std::uint64_t bytes) { uploads_.moved(Patience::Clock::now(), bytes); });
    auto done = objects_.put(key, seen, condition, deadline);
    if (done) {
      answered(0);
      uploads_.moved(Patience::Clock::now(), body.size());
    }
    return done;
  }
  Result<std::optional<store::ObjectInfo>> head(std::string_view key, Deadline deadline) override {
    return told(objects_.head(key, deadline));
  }
  Result<void> remove(std::string_view key, Deadline deadline) override {
    return told(objects_.remove(key, deadline));
  }
  Result<store::ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                               Deadline deadline) override {
    return told(objects_.list(prefix, after, limit, deadline));
  }

 private:
  template <typename T>
  Result<T> told(Result<T> result) {
    if (result) answered(0);
    return result;
  }
  void answered(std::uint64_t bytes) {
    lookups_.answered(Patience::Clock::now());
    uploads_.answered(Patience::Clock::now());
    if (bytes > 0) moved(bytes);
  }
  void moved(std::uint64_t bytes) {
    lookups_.moved(Patience::Clock::now(), bytes);
    uploads_.moved(Patience::Clock::now(), bytes);
  }

  Patience& lookups_;
  Patience& uploads_;
};

}  // namespace

// Takes the time that somebody waited from the purse, or gives for the time that nobody did.
void Patience::settle_locked(Clock::time_point now) {
  if (since_ && now <= *since_) return;
  const auto before = std::exchange(since_, now);
  if (given_up_ || !before) return;
  const auto passed = std::chrono::duration_cast<microseconds>(now - *before);
  if (waiting_ > 0 && blocked_ == 0) return;
  if (waiting_ == 0) {
    left_ = std::min(size_, left_ + passed / k_calm_per_patience);
    return;
  }
  left_ -= passed;
  if (left_ > microseconds(0)) return;
  left_ = microseconds(0);
  size_ = std::max(size_ / 2, floor_);
  given_up_ = true;
}

void Patience::earn_locked(microseconds more) {
  left_ = std::min(size_, left_ + more);
  if (given_up_ && left_ >= size_ / 2) given_up_ = false;
}

bool Patience::begin(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  if (given_up_) return false;
  ++waiting_;
  return true;
}

void Patience::end(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  --waiting_;
}

void Patience::blocked(Clock::time_point now, bool begins) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  if (begins) {
    ++blocked_;
  } else {
    --blocked_;
  }
}

void Patience::answered(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  earn_locked(k_answer_worth);
}

void Patience::moved(Clock::time_point now, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  const double worth_s = static_cast<double>(bytes) / k_useful_bytes_per_second;
  earn_locked(microseconds(static_cast<std::int64_t>(worth_s * 1e6)));
}

bool Patience::is_given_up(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  return given_up_;
}

microseconds Patience::spent(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  return size_ - left_;
}

void Patience::hold_at_most(Clock::time_point now, microseconds most) {
  const std::lock_guard lock(mutex_);
  settle_locked(now);
  left_ = std::min(left_, most);
}

std::unique_ptr<store::Objects> watched(store::Objects& objects, Patience& lookups,
                                        Patience& uploads) {
  return std::make_unique<WatchedObjects>(objects, lookups, uploads);
}

}  // namespace sluice::agent
